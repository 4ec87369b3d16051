"""Run the topology in this process, without a broker: the embedded engine."""
