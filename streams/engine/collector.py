"""The cyclic garbage collector on the hot path."""

import gc


def raise_collector_thresholds() -> None:
    """Make the cyclic collector run rarely: each fetched record is a handful of tuples that it would track.

    This was the largest single gain on the hot path (docs/engine.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
