"""Measure what the pipeline decides, and how fast: `python -m streams.evaluate MODULE`."""
