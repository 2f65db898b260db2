"""Endpoints with a name: the values, the modules between, and real processes."""
