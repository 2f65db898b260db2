"""Tests of amlemu_harness.parity.walking."""
