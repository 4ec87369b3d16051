"""Webhooks: push headlines to other services, signed, in order within a chain, at least once."""
