"""What all commands share; each is a module of its own with a function `run`, imported when it is wanted."""

EXIT_OK, EXIT_SOME_FAILED, EXIT_USAGE, EXIT_NO_MODEL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class UsageError(Exception):
    """What was asked for cannot be: one sentence for the user. The exit code is 2."""
