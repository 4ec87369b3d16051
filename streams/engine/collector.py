"""The cyclic garbage collector on the hot path."""

import gc


def raise_collector_thresholds() -> None:
    """Let the cyclic collector run more rarely: each fetched record is a handful of tracked tuples.

    The largest single gain on the hot path (docs/engine.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
