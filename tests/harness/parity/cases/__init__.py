"""Tests of where cases come from: files as people have them."""
