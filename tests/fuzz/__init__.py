"""Fuzzing: everything that reads from outside takes any bytes and answers in the ways that are written down."""
