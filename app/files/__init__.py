"""Offline classification around the model: inputs, timelines, output formats, whole files, resuming, batches."""
