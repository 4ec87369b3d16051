"""Corrections by people: submit, withdraw and list them, and export them as test data."""
