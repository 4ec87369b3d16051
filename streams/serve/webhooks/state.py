"""What a webhook remembers on disk: its position, and the headlines that its address would not take."""

import os
from pathlib import Path
from typing import Final

import msgspec

from schemas.events import CategorizedHeadline
from streams.replacing import replace_file

MAX_FAILED_BYTES: Final = 64 << 20
"""The list of failed headlines of one webhook; beyond it they are only counted."""


class State:
    """The files of one webhook in a folder.

    Args:
        folder: Where they are; made when it is missing.
        webhook: Its id.
    """

    def __init__(self, folder: Path, webhook: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._position = folder / f"{webhook}.position"
        self._failed = folder / f"{webhook}.failed.jsonl"

    def read(self) -> str | None:
        """The position after the last headline that was delivered or given up; None before the first."""
        try:
            return self._position.read_text(encoding="ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, position: str) -> None:
        """Remember a position: the old one or the new one is there, whenever the process dies."""
        replace_file(self._position, f"{position}\n".encode("ascii"))

    def give_up(self, headline: CategorizedHeadline, reason: str) -> None:
        """Keep a headline that the address would not take, with the reason."""
        line = msgspec.json.encode({"reason": reason, "headline": headline}) + b"\n"
        with self._failed.open("ab") as file:
            if os.fstat(file.fileno()).st_size + len(line) <= MAX_FAILED_BYTES:
                file.write(line)
