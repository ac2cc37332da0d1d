"""The front end in numbers: what a log-mel frame is. Everything else in this package follows from here."""

SAMPLE_RATE = 22_050  # Hz, mono
FFT_LENGTH = 2048  # samples under one frame's window, 93 ms
HOP = 1708  # samples from one frame to the next: the mean frame spacing of the training data
BANDS = 128  # Slaney mel bands from 0 Hz to SAMPLE_RATE / 2
FLOOR_POWER = 1e-10  # the quietest band power told apart: -100 dB
FRAME_SECONDS = HOP / SAMPLE_RATE  # 77.5 ms, the time budget of one frame

assert HOP < FFT_LENGTH, "frames overlap: the streaming buffer keeps the last FFT_LENGTH - HOP samples"
