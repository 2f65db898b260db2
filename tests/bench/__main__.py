"""``python -m tests.bench``, from the root of the repository."""

import sys

from .bench import main

if __name__ == "__main__":
    sys.exit(main())
