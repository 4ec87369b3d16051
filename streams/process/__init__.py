"""Decide: fold, language, deduplicate, categorize. Pure: no Kafka, no clock, no I/O.

Imports nothing of ours but the stage's protocols, the errors and the contract.
"""
