"""One file of tests for each module; `test_command.py` has the whole, as a person sees it."""
