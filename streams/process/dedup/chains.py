"""Chains of updates: how many of a chain's headlines are live, and which of them was observed last.

It is a function of the live headlines alone, so that a restart, which brings those back, finds the same.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

_AT_ONCE: Final = 10_000
"""Headlines that one step of `rebuild` looks at: a few milliseconds."""


class Member(Protocol):
    """A live headline, as far as its chain goes."""

    @property
    def chain(self) -> str:
        """The id of the chain's first headline."""

    @property
    def id(self) -> str:
        """Its own id: the chain's where it is the first."""

    @property
    def root(self) -> str | None:
        """The chain where it is not the first; None for the first."""

    @property
    def first_seen(self) -> int:
        """When it was observed first, in ms of event time."""


MemberT = TypeVar("MemberT", bound=Member)


class Chains(Generic[MemberT]):
    """The chains with updates; of any other headline there is nothing to remember."""

    def __init__(self) -> None:
        self._members: dict[str, list[MemberT]] = {}
        """The live headlines of a chain with a live update, by chain, in the order in which they were first seen."""

    def rebuild(self, updates: Iterable[MemberT], members: Iterable[MemberT]) -> Iterator[None]:
        """Start again with these live headlines, step by step: they must not change between two steps.

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
        """Let an update join the chain of a live headline; whether one there was observed later."""
        chain = self._members.setdefault(member.chain, [older])
        late = member.first_seen < chain[-1].first_seen
        insort(chain, member, key=_order)
        return late

    def leave(self, member: MemberT) -> bool:
        """Let a headline that has ended leave its chain; whether it was the last one."""
        chain = self._members.get(member.chain)
        if chain is None:
            return True
        chain.remove(member)
        if chain:
            return False
        del self._members[member.chain]
        return True

    def of(self, member: MemberT) -> Sequence[MemberT]:
        """All live headlines of the chain of one, in the order in which they were first seen."""
        return tuple(self._members.get(member.chain, (member,)))


def _order(member: Member) -> tuple[int, str]:
    return member.first_seen, member.id
