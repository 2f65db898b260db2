"""Ends the process while it is imported: the worker is replaced for ever, never healthy."""

import os

os._exit(0)
