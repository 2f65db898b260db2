"""Tests of amlemu_harness.parity.recordings."""
