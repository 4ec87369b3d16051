"""The account of a run: every slot is counted once, by its outcome."""

from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True):
    """Slots and their outcomes: slots = empty + new + exact + near + updates + dead letters."""

    strips: int
    failed: int
    """Files, pages and lines that could not be read or split; they are in none of the other terms."""
    slots: int
    empty: int
    new: int
    exact: int
    near: int
    updates: int
    dead_letters: int

    @property
    def residue(self) -> int:
        """Slots without an outcome. Anything but 0 is a bug."""
        return self.slots - (
            self.empty + self.new + self.exact + self.near + self.updates + self.dead_letters
        )
