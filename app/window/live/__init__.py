"""The live page and its panels."""
