"""What a person touches: the window, the command line, and the thread that joins audio to model."""

__version__ = "0.1.0"
