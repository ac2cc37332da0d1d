"""One command of the command line per file; they import what they need when they are run."""
