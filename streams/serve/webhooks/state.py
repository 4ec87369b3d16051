"""A webhook's state on disk: its position, and the headlines whose delivery was given up."""

import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from schemas.events import CategorizedHeadline
from streams.replacing import replace_file

logger: Final = logging.getLogger(__name__)

MAX_FAILED_BYTES: Final = 64 << 20
"""The largest file of given-up headlines of one webhook; further ones are only counted."""


class State:
    """The files of one webhook in a folder.

    Args:
        folder: Created if missing.
        webhook: The webhook's id.
    """

    def __init__(self, folder: Path, webhook: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._position = folder / f"{webhook}.position"
        self._failed = folder / f"{webhook}.failed.jsonl"
        self._works = True

    def read(self) -> str | None:
        """The saved position; None if there is none."""
        try:
            return self._position.read_text(encoding="ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, position: str) -> bool:
        """Save a position atomically; says whether that worked. A failure is logged once, until it works again."""
        try:
            replace_file(self._position, f"{position}\n".encode("ascii"))
        except OSError as error:
            if self._works:
                logger.warning(
                    "%s: cannot be written (%s): a restart would send headlines again",
                    self._position,
                    error.strerror,
                )
            self._works = False
        else:
            self._works = True
        return self._works

    def give_up(self, headline: CategorizedHeadline, reason: str) -> None:
        """Append a headline to the file of given-up ones, with the reason; if that fails, log it instead."""
        line = msgspec.json.encode({"reason": reason, "headline": headline}) + b"\n"
        try:
            with self._failed.open("ab") as file:
                if os.fstat(file.fileno()).st_size + len(line) <= MAX_FAILED_BYTES:
                    file.write(line)
        except OSError as error:
            logger.warning(
                "%s: cannot be written (%s): headline %s was given up (%s)",
                self._failed,
                error.strerror,
                headline.id,
                reason,
            )
