"""Environments without Docker: what a conda or pip file asks for, as a virtual environment beside the file."""
