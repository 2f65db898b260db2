"""Tests of the parts of `amlemu parity`, against servers of a few lines."""
