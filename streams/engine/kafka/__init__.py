"""Run stages as Faust workers on Kafka, exactly once, a slice of a partition at a time.

Faust runs group membership, assignment and the life cycle. Records reach its agents as slices; a `PartitionRunner`
per input partition decides on them and commits the outputs, the state and the position in one fenced transaction.
docs/engine.md says why, with figures.
"""
