"""What a training run has around the loop: its rows, its pools of sounds, its files, its calibration."""
