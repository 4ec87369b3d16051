"""Committed headlines for people without Kafka: the board, events, feeds, the plain strip. Read-only."""
