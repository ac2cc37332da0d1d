"""`python -m app` is `nystream`."""

import sys

from app.cli import main

sys.exit(main())
