"""Debugging, as an editor and a person at a terminal meet it."""
