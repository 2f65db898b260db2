"""The aids of a server: what acts on saved files, and what the control port is told."""
