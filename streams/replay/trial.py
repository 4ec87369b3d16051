"""The folder of a `ticker replay try`, with its current step, so that a try that was killed can be resumed.

The folder has the plan, the workers' log, the report, and `trial.json`. Every step is idempotent: a replay resumes at
its progress, waiting and comparing change nothing, and cleaning removes only what is still there.
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
    """The state of a try. Its step is the next one: `clean` once the report is written, `done` after cleaning."""

    replay: str
    """The plan's id."""
    step: Step = "replay"
    build: str = ""
    """The build whose decisions it tries, as of `build_of`; empty if it is unknown."""
    asked: str = ""
    """The window, as given on the command line."""
    failed: str | None = None
    """Why the comparison failed the try; None if it did not."""


def build_of(rules: Sequence[Rule]) -> str:
    """A name for what workers of this build decide by: program version, model, and the rules' periods."""
    held = " ".join(f"{period.since}{period.version}" for period in periods(rules))
    return f"ticker {__version__}, model {packaged_model().version}{held}"


def overtaken(state: State, *, build: str, asked: str) -> str | None:
    """Why a try cannot be resumed; None if it can.

    Decisions before and after the kill end in one report, so they have to be of the same build and the same window.
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
        """The try in this folder that is not done; None if there is none.

        Raises:
            InputError: A file has the name of the plan or the state, but not its contents.
        """
        if not self.plan.exists():
            return None
        plan = read_plan(self.plan)
        state = self._state() or State(replay=plan.id)
        if state.replay != plan.id:
            # The try was killed after its plan was written and before its state was.
            state = State(replay=plan.id)
        return None if state.step == "done" else (plan, state)

    def begin(self, plan: Plan, *, build: str, asked: str) -> State:
        """Save a plan and its first state: from now on there may be something to clean."""
        replace_file(self.plan, encode_plan(plan))
        return self.reach(State(replay=plan.id, build=build, asked=asked))

    def reach(self, state: State) -> State:
        """Save a state."""
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
    """The folder at a path, created if missing, and locked for this process.

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
