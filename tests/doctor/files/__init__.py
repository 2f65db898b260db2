"""The checks of what it loads."""
