"""The deduplicate stage: exact duplicates by fold key, near duplicates that differ in no fact, and updates."""
