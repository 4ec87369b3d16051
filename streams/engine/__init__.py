"""Engines run stages: `local` in this process, `kafka` on a cluster, exactly once."""
