"""Tests of seeing that files change."""
