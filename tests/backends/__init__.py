"""Tests of the hosts of an inference server: worker pool, thread, upstream."""
