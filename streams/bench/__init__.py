"""Honest figures: seeded corpora, the machine, every competitor in the same run, raw rows as CSV."""
