"""Publish: which topic an event goes to, and rows as batches of the Kafka client."""
