"""The past of the session: its answers over time, and the spectrogram."""
