"""The clouds as their callers meet them: each fact of contract 1.2, 1.3 and 2.1, produced for real and read from a socket."""
