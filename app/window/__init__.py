"""The desktop window: it draws snapshots and passes the user's wishes to a session, nothing else."""
