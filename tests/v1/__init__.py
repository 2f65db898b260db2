"""Tests of the words of the v1 SDK."""
