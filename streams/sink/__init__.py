"""Publish: which topic an event goes to."""
