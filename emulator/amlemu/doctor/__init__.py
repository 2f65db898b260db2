"""Looks at a deployment before the cloud does, and says what would fail there; runs no user code."""
