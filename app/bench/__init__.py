"""What a frame costs on this machine: continual, non-continual, others' and the bound, in one process and one thread."""
