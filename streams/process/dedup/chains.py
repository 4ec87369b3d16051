"""Chains of updates: how many of a chain's headlines are live, and which of them was observed last.

It is a function of the live headlines alone, so that a restart, which brings those back, finds the same.
"""

from bisect import insort
from collections.abc import Iterable
from typing import Protocol


class Member(Protocol):
    """A live headline, as far as its chain goes."""

    @property
    def chain(self) -> str:
        """The id of the chain's first headline."""

    @property
    def id(self) -> str:
        """Its own id: the chain's where it is the first."""

    @property
    def first_seen(self) -> int:
        """When it was observed first, in ms of event time."""


class Chains:
    """The chains with updates; of any other headline there is nothing to remember."""

    def __init__(self) -> None:
        self._instants: dict[str, list[int]] = {}
        """When the live headlines of a chain with a live update were first seen, ascending, by chain."""

    def rebuild(self, members: Iterable[Member]) -> None:
        """Start again with these live headlines."""
        self._instants = {}
        first: list[Member] = []
        for member in members:
            if member.chain == member.id:
                first.append(member)
            else:
                self._instants.setdefault(member.chain, []).append(member.first_seen)
        for member in first if self._instants else ():
            if (instants := self._instants.get(member.id)) is not None:
                instants.append(member.first_seen)
        for instants in self._instants.values():
            instants.sort()

    def join(self, member: Member, older: Member) -> bool:
        """Let an update join the chain of a live headline; whether one there was observed later."""
        instants = self._instants.setdefault(member.chain, [older.first_seen])
        late = member.first_seen < instants[-1]
        insort(instants, member.first_seen)
        return late

    def leave(self, member: Member) -> bool:
        """Let a headline that has ended leave its chain; whether it was the last one."""
        instants = self._instants.get(member.chain)
        if instants is None:
            return True
        instants.remove(member.first_seen)
        if instants:
            return False
        del self._instants[member.chain]
        return True
