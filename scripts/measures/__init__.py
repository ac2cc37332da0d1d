"""Measurements of a classifier beyond a clip's accuracy: heard through noise, given no music, in endless streams."""
