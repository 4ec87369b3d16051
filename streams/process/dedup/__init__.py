"""Deduplicate: exact duplicates by fold key, near duplicates without a swallowed fact, updates."""
