"""`python -m app` is `nystream`."""

import sys

if __name__ == "__main__":  # worker processes import this file too
    if getattr(sys, "frozen", False):  # there is no Python beside a bundled program: it stands in for one
        from multiprocessing import freeze_support

        freeze_support()
        if sys.argv[1:2] == ["-c"]:
            exec(sys.argv[2])
            sys.exit()
    from app.cli.main import main

    sys.exit(main())
