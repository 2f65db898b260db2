"""The checks of the script itself."""
