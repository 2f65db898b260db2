"""
The front door: HTTP on the socket (`wire`), then a list of stages (`stages`, `app`), then a backend.
"""
