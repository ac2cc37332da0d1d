"""What a user asked for that cannot be."""


class UsageError(Exception):
    """One sentence for the user; the exit code is 2."""
