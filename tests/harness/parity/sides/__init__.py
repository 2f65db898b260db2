"""Tests of amlemu_harness.parity.sides."""
