"""Tests of amlemu_harness.parity.judging."""
