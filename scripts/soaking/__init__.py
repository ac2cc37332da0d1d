"""What scripts/soak.py runs: one module for each thing that must hold for long."""
