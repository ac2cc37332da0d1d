"""`python -m app` is `nystream`."""

import sys

from app.cli.main import main

if __name__ == "__main__":  # worker processes import this file too
    sys.exit(main())
