"""One stream of one model: frames in, answers out."""
