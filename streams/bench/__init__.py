"""Benchmarks: seeded corpora, a description of the machine, all competitors in the same run, raw rows as CSV."""
