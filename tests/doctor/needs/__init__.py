"""The checks of what it imports."""
