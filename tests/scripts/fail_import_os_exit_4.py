"""Ends the process while it is imported with the code that means an application that cannot be loaded."""

import os

os._exit(4)
