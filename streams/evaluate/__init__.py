"""Measure the quality and speed of the pipeline's decisions: `python -m streams.evaluate MODULE`."""
