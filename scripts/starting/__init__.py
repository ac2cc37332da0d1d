"""How long a start takes, seen from outside, and what the time goes to."""
