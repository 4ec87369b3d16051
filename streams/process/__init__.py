"""Decide: fold, language, deduplicate, categorize. Pure: no Kafka, no clock, no I/O.

Never imports an engine, a producer or a sink.
"""
