"""Tells what a status, an error, an exit code or a log of Azure ML means: offline, each answer with its source."""
