"""The decisions: fold, language, deduplicate, categorize. They are pure: no Kafka, no clock, no I/O.

This package imports only the stage's protocols, the errors and the contract.
"""
