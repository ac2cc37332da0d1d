"""What all commands share; each has a file of its own, which imports what it needs when it is run."""

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NO_MODEL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """What was asked for cannot be: one sentence for the user. The exit code is 2."""
