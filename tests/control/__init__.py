"""Tests of the control port: its door, its routes, its life, and how commands find it."""
