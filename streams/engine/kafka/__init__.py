"""Run stages as Faust workers on Kafka, exactly once, a slice of a partition at a time.

Faust keeps the group, the assignment and the life cycle; records reach its agent as slices, and a
`PartitionRunner` per input partition decides and commits each slice in one fenced transaction.
docs/engine.md says why, with figures.
"""
