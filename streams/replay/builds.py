"""Asks builds of this program for their decisions: this build directly, another one through its command line.

`ticker compare --json -` and `ticker categorize --why --json -` of the other build answer each line that they read.
"""

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from streams.errors import SettingsError, TickerError, in_words
from streams.process.categorize.model import Categorizer, Reason
from streams.process.categorize.rules import Rule
from streams.process.dedup.compare import explain
from streams.process.fold import fold
from streams.process.language import detect

_PATIENCE_S: Final = 600.0


class Judged(Struct, frozen=True):
    """A build's decision about two texts: their relation, the rule that decided, and its details."""

    relation: str
    rule: str
    detail: str = ""


class Reasoned(Struct, frozen=True):
    """The topic that a build gives a text, and the reasons for it."""

    topic: str | None = None
    why: tuple[Reason, ...] = ()


class Build(Protocol):
    """A build that can be asked."""

    def relations(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Judged]:
        """How the texts of each pair relate."""

    def reasons(self, texts: Sequence[str]) -> Sequence[Reasoned]:
        """The topic of each text, and why."""


class ThisBuild:
    """The build that runs.

    Args:
        rules: The user's own rules.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._categorizer = Categorizer(rules=rules)

    def relations(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Judged]:
        """How the texts of each pair relate."""
        found = [explain(one, other).relation for one, other in pairs]
        return [Judged(each.relation, each.rule, each.detail) for each in found]

    def reasons(self, texts: Sequence[str]) -> Sequence[Reasoned]:
        """The topic of each text, and why."""
        return [self._reasoned(text) for text in texts]

    def _reasoned(self, text: str) -> Reasoned:
        folded = fold(text)
        language = detect(folded)
        topic = self._categorizer.categorize(text, folded, language).topic
        return Reasoned(topic, self._categorizer.why(text, folded, language))


class OtherBuild:
    """Another build, asked through its command line.

    Args:
        command: How its `ticker` is called: `/opt/ticker-1.4/bin/ticker`.

    Raises:
        SettingsError: The command cannot be parsed, or there is none of that name.
    """

    def __init__(self, command: str) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise SettingsError(f"{command!r} is no command: {error}") from None
        if not self._command:
            raise SettingsError("the other build's command is empty; give the path of its ticker")
        if shutil.which(self._command[0]) is None:
            raise SettingsError(f"there is no {self._command[0]}: give the path of the other ticker")

    def relations(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Judged]:
        """How the texts of each pair relate.

        Raises:
            TickerError: The build does not answer.
        """
        lines = [msgspec.json.encode({"a": one, "b": other}) for one, other in pairs]
        return self._ask(("compare", "--json", "-"), lines, Judged)

    def reasons(self, texts: Sequence[str]) -> Sequence[Reasoned]:
        """The topic of each text, and why.

        Raises:
            TickerError: The build does not answer.
        """
        lines = [" ".join(text.split()).encode() for text in texts]
        return self._ask(("categorize", "--why", "--json", "-"), lines, Reasoned)

    def _ask(self, arguments: Sequence[str], lines: Sequence[bytes], answer: type[Any]) -> Sequence[Any]:
        if not lines:
            return ()
        command = [*self._command, *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (the command that the user named)
                command, input=b"\n".join(lines) + b"\n", capture_output=True, check=True, timeout=_PATIENCE_S
            )
            answers = [msgspec.json.decode(line, type=answer) for line in done.stdout.splitlines()]
        except FileNotFoundError:
            raise SettingsError(
                f"there is no {self._command[0]}: give the path of the other ticker"
            ) from None
        except (subprocess.SubprocessError, OSError, msgspec.MsgspecError) as error:
            raise TickerError(f"{shlex.join(command)} does not answer: {in_words(error)}") from error
        if len(answers) != len(lines):
            raise TickerError(f"{shlex.join(command)} answered {len(answers):,} of {len(lines):,} questions")
        return answers
