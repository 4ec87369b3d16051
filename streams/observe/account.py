"""The account of a run: the conservation law of headlines, counted."""

from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True):
    """What went in and what became of it: slots = empty + new + exact + near + updates + dead letters."""

    strips: int
    failed: int
    """Files, pages and lines that could not be read or split: nothing of them is in the other terms."""
    slots: int
    empty: int
    new: int
    exact: int
    near: int
    updates: int
    dead_letters: int

    @property
    def residue(self) -> int:
        """Slots whose fate is not known. Anything but 0 is a fault of ours."""
        return self.slots - (
            self.empty + self.new + self.exact + self.near + self.updates + self.dead_letters
        )
