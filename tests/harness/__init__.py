"""Tests of the harness; those with a real engine are in tests/container."""
