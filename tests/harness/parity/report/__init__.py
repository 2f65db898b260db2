"""Tests of amlemu_harness.parity.report."""
