"""Tests of the worker processes: what they say, how they start and end, and what the host makes of it."""
