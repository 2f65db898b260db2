"""Tests of the readers of Azure's files."""
