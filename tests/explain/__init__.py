"""Tests of what things mean: words, and logs. `logs/` has the logs."""
