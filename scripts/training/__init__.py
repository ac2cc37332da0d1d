"""What a training run has around the loop: its files, its calibration, the family and the document of its results."""
