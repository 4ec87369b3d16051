"""Users' own topics: rules that match headlines by words, by source or by a pattern.

A rules file is TOML with one table per topic, and is checked completely before the first headline:

    [topics.agadir]
    words = ["أكادير", "Agadir", "Hassania"]

A rule whose name is the slug of a media topic (`sport`) speaks for that topic; any other name is a topic
of its own, `user:agadir`, with a Kafka topic of its own. A topic that was taught by examples names its file and since
when which of its versions holds, by event time: what was decided under an older one is decided so again.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas.instants import format_instant
from schemas.mediatopics import LABELS, TOPIC_BY_SLUG, UNCATEGORISED, Labels
from streams.errors import InputError, SettingsError
from streams.process.categorize.patterns import Pattern, PatternError, compile_pattern
from streams.process.categorize.taught import Taught, TaughtScorer, TaughtTopic
from streams.process.fold import fold

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,48}")
_KEYS: Final = (
    *("words", "source", "pattern", "taught", "switched"),
    *("confidence", "override", "labels", "broader"),
)
_SWITCH_KEYS: Final = {"since", "to"}
OFF: Final = "off"
"""The switch after which no version of a taught topic is in force."""
_CLITICS: Final = "(?:[وفبلك]|ال|وال|بال|لل|فال|كال)?"
_PREFIX: Final = "user:"


class Switch(msgspec.Struct, frozen=True):
    """A version of a taught topic, or none, is in force from this event time on (an instant as in events)."""

    since: str
    to: Taught | None


class Rule(msgspec.Struct, frozen=True):
    """One table of a rules file.

    A headline matches by one of `words` or by `pattern` (by anything where neither is given), and only
    from `sources` where these are given. With `override` the model's topics are dropped.
    """

    name: str
    topic: str
    words: re.Pattern[str] | None
    pattern: Pattern | None
    sources: frozenset[str]
    confidence: float
    override: bool
    version: str
    labels: Labels | None = None
    """The labels of a user's own topic."""
    broader: str | None = None
    """The slug of the media topic that a user's own topic is a part of."""
    switches: tuple[Switch, ...] = ()
    """For a taught topic: the versions in force, in ascending order of time."""
    scorer: TaughtScorer | None = None
    """For a taught topic at an instant: the version in force."""

    def evidence(self, text: str, folded: str) -> str:
        """The part of a matching headline that matched; empty if the rule matched by source only."""
        found = (self.words and self.words.search(folded)) or (self.pattern and self.pattern.search(text))
        return found.group(0).strip() if found else ""


class Period(msgspec.Struct, frozen=True):
    """A period of event time, up to the next one's `since`, in which the same rules are in force."""

    since: str
    rules: tuple[Rule, ...]

    @property
    def version(self) -> str:
        """The version of the rules in force."""
        return "".join(f"+{rule.version}" for rule in self.rules)


def periods(rules: Sequence[Rule]) -> tuple[Period, ...]:
    """The periods with the rules in force in each; the first begins before all time."""
    moments = sorted({"", *(switch.since for rule in rules for switch in rule.switches)})
    return tuple(
        Period(since, tuple(held for rule in rules if (held := _at(rule, since)) is not None))
        for since in moments
    )


def _at(rule: Rule, moment: str) -> Rule | None:
    """A rule as in force at an instant; None for a taught topic that is switched off then."""
    if not rule.switches:
        return rule
    past = [switch for switch in rule.switches if switch.since <= moment]
    if not past or past[-1].to is None:
        return None
    taught = past[-1].to
    version = f"{rule.name}@{taught.version}-{taught.digest}-{rule.version}"
    return msgspec.structs.replace(rule, scorer=TaughtScorer(taught), version=version)


def as_now(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules with their latest versions in force at all times, with which a replay decides as of today."""
    return tuple(
        msgspec.structs.replace(rule, switches=(Switch("", rule.switches[-1].to),)) if rule.switches else rule
        for rule in rules
    )


TakesTaught = Callable[[TaughtScorer], bool]
"""Whether a version of a taught topic matches the current headline."""


def matching(
    rules: Sequence[Rule], text: str, folded: str, source: str | None, takes_taught: TakesTaught
) -> list[Rule]:
    """The rules that match a headline, in the file's order."""
    return [rule for rule in rules if _takes(rule, text, folded, source, takes_taught)]


def _takes(rule: Rule, text: str, folded: str, source: str | None, takes_taught: TakesTaught) -> bool:
    if rule.sources and source not in rule.sources:
        return False
    if rule.scorer is not None:
        return takes_taught(rule.scorer)
    if rule.words is None and rule.pattern is None:
        return True
    return bool((rule.words and rule.words.search(folded)) or (rule.pattern and rule.pattern.search(text)))


def _no_files(name: str) -> TaughtTopic:
    raise SettingsError(f"{name} cannot be read from here")


ReadTaught = Callable[[str], TaughtTopic]
"""Reads the file that a rules file names; raises a SettingsError or InputError."""


def parse_rules(data: bytes, place: str, read_topic: ReadTaught = _no_files) -> tuple[Rule, ...]:
    """Check a rules file; a SettingsError names the file (`place`), the table and the key."""
    try:
        document = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: rules are UTF-8; byte {error.start} is not") from None
    except (ValueError, RecursionError) as error:  # a number too long for `int`, lists in lists in lists
        raise SettingsError(f"{place}: this is not TOML: {error}") from None
    for key in document:
        if key != "topics":
            raise SettingsError(f"{place}: [{key}]: only tables named [topics.NAME] are known")
    tables = document.get("topics", {})
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(f"{place}: there is no table [topics.NAME], so no rule")
    return tuple(
        _rule(name, table, f"{place}: [topics.{name}]", read_topic) for name, table in tables.items()
    )


def is_name(name: str) -> bool:
    """Whether this can be the name of a user's own topic or of a media topic."""
    return _NAME.fullmatch(name) is not None and name != UNCATEGORISED


def _rule(name: str, table: Any, place: str, read_topic: ReadTaught) -> Rule:
    if not is_name(name):
        raise SettingsError(f"{place}: a name is lower-case letters, digits and hyphens, not {name!r}")
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: a topic is a table of {', '.join(_KEYS)}")
    for key in table:
        if key not in _KEYS:
            raise SettingsError(f"{place}: {key}: this key is not known; known are {', '.join(_KEYS)}")
    words = _texts(table, "words", place)
    sources = _texts(table, "source", place)
    pattern = _pattern(table, place)
    switches = _switches(name, table, place, read_topic)
    if not words and not sources and pattern is None and not switches:
        raise SettingsError(
            f"{place}: give words, source or pattern, or what was taught: without one the rule takes nothing"
        )
    return Rule(
        name=name,
        topic=TOPIC_BY_SLUG.get(name, _PREFIX + name),
        words=_words_pattern(words, place),
        pattern=pattern,
        sources=frozenset(sources),
        confidence=_confidence(table, place),
        override=_override(table, place),
        version=_version(name, table),
        labels=_labels(name, table, place),
        broader=_broader(name, table, place),
        switches=switches,
    )


def _version(name: str, table: Mapping[str, Any]) -> str:
    """A hash of a table; for a taught topic with its switches."""
    said = sorted((key, value) for key, value in table.items() if key != "switched")
    return blake2b(repr((name, said)).encode(), digest_size=4).hexdigest()


def _switches(name: str, table: Mapping[str, Any], place: str, read_topic: ReadTaught) -> tuple[Switch, ...]:
    if "taught" not in table:
        if "switched" in table:
            raise SettingsError(f"{place}: switched: only a taught topic is; name its file in taught")
        return ()
    file, switched = table["taught"], table.get("switched")
    if name in LABELS:
        raise SettingsError(f"{place}: taught: {name} is a media topic; a taught one is your own")
    if "words" in table or "pattern" in table:
        raise SettingsError(f"{place}: taught: give examples or words and pattern, not both")
    if not isinstance(file, str) or not file:
        raise SettingsError(f"{place}: taught: give the file that `ticker topics teach` wrote, as a text")
    if not isinstance(switched, list) or not switched:
        raise SettingsError(
            f"{place}: switched: say which version holds since when: `ticker topics switch-on {file} --rules …`"
        )
    try:
        topic = read_topic(file)
    except InputError as error:
        raise SettingsError(f"{place}: taught: {error}") from None
    if topic.topic != name:
        raise SettingsError(f"{place}: taught: {file} is of the topic {topic.topic}")
    switches = tuple(_switch(each, topic, f"{place}: switched") for each in switched)
    moments = [switch.since for switch in switches]
    if moments != sorted(set(moments)):
        raise SettingsError(f"{place}: switched: each since must be later than the one before")
    return switches


def _switch(table: Any, topic: TaughtTopic, place: str) -> Switch:
    if not isinstance(table, dict) or table.keys() != _SWITCH_KEYS:
        raise SettingsError(f"{place}: give since and to in each, and nothing else")
    since, to = table["since"], table["to"]
    if not isinstance(since, datetime) or since.tzinfo is None:
        raise SettingsError(f"{place}: since: give a time with its zone, such as 2026-03-11T08:00:00Z")
    moment = format_instant(int(since.timestamp() * 1000))
    if to == OFF:
        return Switch(moment, None)
    taught = topic.version(to) if isinstance(to, int) and not isinstance(to, bool) else None
    if taught is None:
        raise SettingsError(
            f'{place}: to: give "{OFF}" or a version of 1 to {len(topic.versions)}, not {to!r}'
        )
    return Switch(moment, taught)


def _texts(table: Mapping[str, Any], key: str, place: str) -> list[str]:
    value = table.get(key, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
        raise SettingsError(f"{place}: {key}: give a text or a list of texts, none of them empty")
    if key in table and not texts:
        raise SettingsError(f"{place}: {key}: the list is empty")
    return texts


def _pattern(table: Mapping[str, Any], place: str) -> Pattern | None:
    if "pattern" not in table:
        return None
    pattern = table["pattern"]
    if not isinstance(pattern, str) or not pattern:
        raise SettingsError(f"{place}: pattern: give a regular expression as a text")
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise SettingsError(f"{place}: pattern: {error} in {pattern!r}") from None


def _words_pattern(words: Sequence[str], place: str) -> re.Pattern[str] | None:
    if not words:
        return None
    folded = [fold(word) for word in words]
    for word, letters in zip(words, folded, strict=True):
        if not any(character.isalnum() for character in letters):
            raise SettingsError(f"{place}: words: {word!r} has no letter or digit")
    either = "|".join(re.escape(letters) for letters in sorted(folded, key=len, reverse=True))
    return re.compile(rf"(?<!\S){_CLITICS}(?:{either})(?!\S)")


def _confidence(table: Mapping[str, Any], place: str) -> float:
    value = table.get("confidence", 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise SettingsError(f"{place}: confidence: give a number above 0 and up to 1, not {value!r}")
    return float(value)


def _override(table: Mapping[str, Any], place: str) -> bool:
    value = table.get("override", False)
    if not isinstance(value, bool):
        raise SettingsError(f"{place}: override: give true or false, not {value!r}")
    return value


def _labels(name: str, table: Mapping[str, Any], place: str) -> Labels | None:
    if "labels" not in table:
        return None
    if name in LABELS:
        raise SettingsError(f"{place}: labels: {name} is a media topic, which has its own")
    try:
        return msgspec.convert(table["labels"], Labels)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{place}: labels: give ar, fr and en, a text each: {error}") from None


def _broader(name: str, table: Mapping[str, Any], place: str) -> str | None:
    if "broader" not in table:
        return None
    broader = table["broader"]
    if name in LABELS or not isinstance(broader, str) or broader not in LABELS:
        raise SettingsError(
            f"{place}: broader: a topic of your own can be a part of a media topic ({', '.join(LABELS)}),"
            f" not {name} of {broader!r}"
        )
    return broader
