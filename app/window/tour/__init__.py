"""The demo's captions."""
