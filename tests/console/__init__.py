"""One file of tests for each rendering."""
