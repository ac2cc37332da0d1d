"""What a frame costs on this machine: in one process and one thread, beside all it is compared with."""
