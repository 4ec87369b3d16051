"""Chains of updates: which of a chain's headlines are live, and which of them was observed last.

The chains depend only on the set of live headlines: a restart, which restores that set, rebuilds the same chains.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

_AT_ONCE: Final = 10_000
"""How many headlines one step of `rebuild` processes, which takes a few milliseconds."""


class Member(Protocol):
    """The part of a live headline that its chain needs."""

    @property
    def chain(self) -> str:
        """The id of the chain's first headline."""

    @property
    def id(self) -> str:
        """Its own id, which is the chain's id for the first headline."""

    @property
    def root(self) -> str | None:
        """The chain's id; None for the first headline."""

    @property
    def first_seen(self) -> int:
        """When it was first observed, in ms of event time."""


MemberT = TypeVar("MemberT", bound=Member)


class Chains(Generic[MemberT]):
    """The chains that have updates; a headline without updates needs no entry."""

    def __init__(self) -> None:
        self._members: dict[str, list[MemberT]] = {}
        """The live headlines of a chain with a live update, by chain, in the order in which they were first seen."""

    def rebuild(self, updates: Iterable[MemberT], members: Iterable[MemberT]) -> Iterator[None]:
        """Rebuild the chains from these live headlines, step by step. They must not change between steps.

        Args:
            updates: Those that are updates.
            members: All of them.
        """
        self._members = {}
        for update in updates:
            self._members.setdefault(update.chain, []).append(update)
        for number, member in enumerate(members if self._members else (), 1):
            if member.root is None and (chain := self._members.get(member.id)) is not None:
                chain.append(member)
            if number % _AT_ONCE == 0:
                yield
        for chain in self._members.values():
            chain.sort(key=_order)

    def join(self, member: MemberT, older: MemberT) -> bool:
        """Add an update to the chain of a live headline; returns whether another one there was observed later."""
        return _insert(self._members.setdefault(member.chain, [older]), member)

    def begin(self, member: MemberT, chain: str) -> bool:
        """Add a headline that is no update; returns whether another one of its chain was observed later.

        There is none, unless its strip was published a second time after it had ended, while an update of it is live.
        """
        members = self._members.get(chain)
        return members is not None and _insert(members, member)

    def leave(self, member: MemberT) -> bool:
        """Remove a headline that has ended from its chain; returns whether it was the last live one."""
        chain = self._members.get(member.chain)
        if chain is None:
            return True
        if member in chain:  # else another live headline came with the same id
            chain.remove(member)
        if chain:
            return False
        del self._members[member.chain]
        return True

    def of(self, member: MemberT) -> Sequence[MemberT]:
        """All live headlines of a headline's chain, in the order in which they were first seen."""
        return tuple(self._members.get(member.chain, (member,)))


def _insert(chain: list[MemberT], member: MemberT) -> bool:
    """Insert a headline in order; returns whether another one was observed later."""
    late = member.first_seen < chain[-1].first_seen
    insort(chain, member, key=_order)
    return late


def _order(member: Member) -> tuple[int, str]:
    return member.first_seen, member.id
