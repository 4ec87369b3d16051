"""Inspect a consumer group from outside and report what is wrong with it."""
