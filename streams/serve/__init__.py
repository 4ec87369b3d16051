"""Serve committed headlines over HTTP, read-only: the board, events, feeds, the plain strip, and webhooks."""
