"""A live session: a source, the engine thread, the model that answers, and the past."""
