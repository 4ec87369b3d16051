"""One `ticker replay try` as its folder remembers it: which step it is at, so that one that was killed goes on.

The folder holds the plan, the workers' log, the report, and `trial.json`. Every step can be done again: a replay
goes on where it was, waiting and comparing change nothing, and what was cleaned is not there to be cleaned again.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.events import UNREADABLE
from streams import __version__
from streams.errors import InputError, SettingsError
from streams.process.categorize.model import packaged_model
from streams.process.categorize.rules import Rule, periods
from streams.replacing import replace_file
from streams.replay.plan import Plan, encode_plan, read_plan

Step = Literal["replay", "clean", "done"]

_STATE: Final = "trial.json"
_PLAN: Final = "plan.json"
_LOCK: Final = "lock"


class State(Struct, frozen=True, kw_only=True):
    """How far a try is: `clean` when the report is written, `done` when the target is as before."""

    replay: str
    """The plan's id."""
    step: Step = "replay"
    build: str = ""
    """What decides in it, as `build_of` names it; empty where that was not written down."""
    asked: str = ""
    """The window that was asked for, in the words of the command."""
    failed: str | None = None
    """Why the comparison fails the try, where it does."""


def build_of(rules: Sequence[Rule]) -> str:
    """Names what workers of this build decide by: the program, its model, and which rules hold when."""
    held = " ".join(f"{period.since}{period.version}" for period in periods(rules))
    return f"ticker {__version__}, model {packaged_model().version}{held}"


def overtaken(state: State, *, build: str, asked: str) -> str | None:
    """Why a try that was begun cannot be gone on with; None where it can.

    What was decided before a kill and what is decided after it end in one report: they have to be of one build, and
    of the window that is asked for.
    """
    if state.build != build:
        return f"it was begun by another build ({state.build or 'of an unknown name'}; this is {build})"
    if state.asked != asked:
        return f"it was begun for another window ({state.asked or 'all'}; asked for now is {asked or 'all'})"
    return None


class Folder:
    """The folder of one try.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def plan(self) -> Path:
        """The plan's file."""
        return self.path / _PLAN

    def unfinished(self) -> tuple[Plan, State] | None:
        """The try that was begun here and is not done.

        Raises:
            InputError: The folder holds something else under its names.
        """
        if not self.plan.exists():
            return None
        plan = read_plan(self.plan)
        state = self._state() or State(replay=plan.id)
        if state.replay != plan.id:
            # A new plan was written, and killed before its first step.
            state = State(replay=plan.id)
        return None if state.step == "done" else (plan, state)

    def begin(self, plan: Plan, *, build: str, asked: str) -> State:
        """Write down a plan: from then on there can be something to clean."""
        replace_file(self.plan, encode_plan(plan))
        return self.reach(State(replay=plan.id, build=build, asked=asked))

    def reach(self, state: State) -> State:
        """Write down how far it is."""
        replace_file(self.path / _STATE, msgspec.json.encode(state) + b"\n")
        return state

    def _state(self) -> State | None:
        path = self.path / _STATE
        try:
            return msgspec.json.decode(path.read_bytes(), type=State)
        except FileNotFoundError:
            return None
        except UNREADABLE as error:
            raise InputError(str(path), f"not the state of a try: {error}; choose another --folder") from None


@contextmanager
def claimed(path: Path) -> Iterator[Folder]:
    """The folder at a path, made where it is missing, for this process alone.

    Raises:
        SettingsError: Another try uses it, or it cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise SettingsError(f"--folder {path} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(f"another try uses {path}: wait for it, or choose another --folder") from None
    else:
        yield Folder(path)
    finally:
        os.close(lock)
