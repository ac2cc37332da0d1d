"""What a frame costs: numbers, bars and charts."""
