"""`python -m amlemu` is the same as the console script."""

from amlemu.cli import main

main()
