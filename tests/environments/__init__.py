"""Tests of environments without Docker."""
