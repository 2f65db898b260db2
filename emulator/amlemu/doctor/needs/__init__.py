"""The checks of what the script imports, held against what its environment is made of."""
