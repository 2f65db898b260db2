"""The checks of the script itself: whether it loads, what the server can call, what comes of a call."""
