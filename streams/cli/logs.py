"""Logs of the commands that run for long: to standard error, a line each."""

import logging
import sys
from typing import Final

_NOISY: Final = ("faust", "mode", "aiokafka", "asyncio", "kafka")


def log_to_stderr(level: int = logging.INFO) -> None:
    """Our own log at `level`, the libraries' warnings only."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    logging.getLogger("streams").setLevel(level)
    # Faust's services log under the module of their class, our transport's too.
    for name in (*_NOISY, "streams.engine.kafka.slices"):
        logging.getLogger(name).setLevel(logging.ERROR)
