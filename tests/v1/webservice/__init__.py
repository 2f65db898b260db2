"""Tests of services, as the v1 SDK has them."""
