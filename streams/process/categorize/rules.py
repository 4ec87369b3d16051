"""The users' own topics: which headlines a rule takes, by words, by source or by a pattern.

A rules file is TOML, one table per topic, checked whole before the first headline:

    [topics.agadir]
    words = ["أكادير", "Agadir", "Hassania"]

A rule whose name is the slug of a media topic (`sport`) speaks for that topic; any other name is a topic
of its own, `user:agadir`, with a Kafka topic of its own.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas.mediatopics import LABELS, TOPIC_BY_SLUG, UNCATEGORISED, Labels
from streams.errors import SettingsError
from streams.process.categorize.patterns import Pattern, PatternError, compile_pattern
from streams.process.fold import fold

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,48}")
_KEYS: Final = ("words", "source", "pattern", "confidence", "override", "labels", "broader")
_CLITICS: Final = "(?:[وفبلك]|ال|وال|بال|لل|فال|كال)?"
_PREFIX: Final = "user:"


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
    """What readers see for a topic of the user's own."""
    broader: str | None = None
    """The slug of the media topic that a topic of the user's own is a part of."""

    def evidence(self, text: str, folded: str) -> str:
        """What of a matching headline made the rule take it; empty where the source did."""
        found = (self.words and self.words.search(folded)) or (self.pattern and self.pattern.search(text))
        return found.group(0).strip() if found else ""


def matching(rules: Sequence[Rule], text: str, folded: str, source: str | None) -> list[Rule]:
    """The rules that take a headline, in the file's order."""
    return [rule for rule in rules if _takes(rule, text, folded, source)]


def _takes(rule: Rule, text: str, folded: str, source: str | None) -> bool:
    if rule.sources and source not in rule.sources:
        return False
    if rule.words is None and rule.pattern is None:
        return True
    return bool((rule.words and rule.words.search(folded)) or (rule.pattern and rule.pattern.search(text)))


def parse_rules(data: bytes, place: str) -> tuple[Rule, ...]:
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
    return tuple(_rule(name, table, f"{place}: [topics.{name}]") for name, table in tables.items())


def _rule(name: str, table: Any, place: str) -> Rule:
    if not _NAME.fullmatch(name) or name == UNCATEGORISED:
        raise SettingsError(f"{place}: a name is lower-case letters, digits and hyphens, not {name!r}")
    if not isinstance(table, dict):
        raise SettingsError(f"{place}: a topic is a table of {', '.join(_KEYS)}")
    for key in table:
        if key not in _KEYS:
            raise SettingsError(f"{place}: {key}: this key is not known; known are {', '.join(_KEYS)}")
    words = _texts(table, "words", place)
    sources = _texts(table, "source", place)
    pattern = _pattern(table, place)
    if not words and not sources and pattern is None:
        raise SettingsError(f"{place}: give words, source or pattern: without one the rule takes nothing")
    return Rule(
        name=name,
        topic=TOPIC_BY_SLUG.get(name, _PREFIX + name),
        words=_words_pattern(words, place),
        pattern=pattern,
        sources=frozenset(sources),
        confidence=_confidence(table, place),
        override=_override(table, place),
        version=blake2b(repr((name, sorted(table.items()))).encode(), digest_size=4).hexdigest(),
        labels=_labels(name, table, place),
        broader=_broader(name, table, place),
    )


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
