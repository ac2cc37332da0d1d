"""What was heard: the answers of the session, and the spectrogram."""
