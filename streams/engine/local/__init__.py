"""Run stages in this process, without a broker: the embedded engine."""
