"""Many files at once: what they are, in a table that fills while they are classified."""
