"""The real container, built and run by a Docker engine."""
