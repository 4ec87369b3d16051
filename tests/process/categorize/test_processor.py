"""The categorize stage, without an engine."""

from collections import Counter

import msgspec
import pytest

from schemas.events import CategorizedHeadline, Event, Headline, encode
from schemas.mediatopics import TOPIC_BY_SLUG
from schemas.routing import topic_of
from schemas.topics import CATEGORIES, Topic
from streams.errors import RecordError
from streams.process.categorize.model import Categorizer
from streams.process.categorize.processor import OUTCOMES, CategorizeProcessor
from streams.process.categorize.rules import parse_rules
from streams.stage import Record


class _Record(msgspec.Struct, frozen=True):
    value: bytes | Event | None
    key: bytes | None = b"key"
    timestamp: int = 7
    headers: tuple[tuple[str, bytes], ...] = ()


class _Outbox:
    """Keeps what a processor decides, as an engine's outbox does until it publishes."""

    def __init__(self) -> None:
        self.sent: list[tuple[Topic, bytes, Event, int]] = []
        self.rejected: list[tuple[Record, Exception]] = []
        self.counts = Counter[str]()

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        self.sent.append((topic, key, event, timestamp))

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        raise AssertionError((topic, key, timestamp))

    def reject(self, record: Record, error: Exception) -> None:
        self.rejected.append((record, error))

    def count(self, outcome: str, records: int = 1) -> None:
        self.counts[outcome] += records


def headline(text: str, language: str = "fr") -> Headline:
    """A headline as the deduplicate stage publishes it."""
    return Headline(
        id="0123456789abcdef0123-4",
        source="page",
        observed_at="2026-01-02T03:04:05.678Z",
        slot=4,
        text=text,
        language=language,
    )


@pytest.mark.parametrize("encoded", [True, False], ids=["as bytes", "as an event"])
def test_a_headline_goes_to_its_category_with_all_that_it_said(encoded: bool) -> None:
    """On Kafka a value is bytes, in the local engine the event itself: both are categorized alike."""
    event = headline("Grève générale : les syndicats maintiennent la pression")
    out = _Outbox()
    CategorizeProcessor().process([_Record(encode(event) if encoded else event)], out)
    ((topic, key, sent, timestamp),) = out.sent
    assert topic is CATEGORIES["labour"]
    assert (key, timestamp) == (event.id.encode(), 7)
    assert isinstance(sent, CategorizedHeadline)
    assert sent.topic == TOPIC_BY_SLUG["labour"]
    assert sent.model == Categorizer().version
    assert msgspec.structs.asdict(sent).items() >= msgspec.structs.asdict(event).items()
    assert out.counts == {"categorized": 1}


def test_an_unsure_headline_is_published_as_uncategorised() -> None:
    """Nothing is lost: what has no topic has a Kafka topic all the same."""
    out = _Outbox()
    CategorizeProcessor().process([_Record(headline("zzgrmpf qwxyt", "en"))], out)
    assert out.sent[0][0] is CATEGORIES["uncategorised"]
    assert out.counts == {"uncategorised": 1}


@pytest.mark.parametrize("value", [b"", b"{", b"\xff\xfe", b'{"type":"ticker.strip.v1"}', None])
def test_what_is_no_headline_is_rejected_and_the_rest_goes_on(value: bytes | None) -> None:
    """A poison record costs itself only, and is handed over as it was."""
    out = _Outbox()
    poison = _Record(value)
    CategorizeProcessor().process([poison, _Record(headline("Match nul du Raja en Botola"))], out)
    ((record, error),) = out.rejected
    assert record is poison
    assert isinstance(error, RecordError)
    assert [topic.name for topic, *_ in out.sent] == ["category.sport"]


def test_a_users_topic_has_a_kafka_topic_of_its_own() -> None:
    """It is laid out like the others and named by the rule."""
    rules = parse_rules(b'[topics.agadir]\nwords = "Agadir"', "rules.toml")
    out = _Outbox()
    CategorizeProcessor(Categorizer(rules=rules)).process([_Record(headline("Agadir : zzgrmpf"))], out)
    topic, _, event, _ = out.sent[0]
    assert topic.name == "category.agadir"
    assert topic.partitions == CATEGORIES["sport"].partitions
    assert isinstance(event, CategorizedHeadline)
    assert topic_of(event) is topic


def test_every_outcome_is_described() -> None:
    """What is counted is documented."""
    assert set(OUTCOMES) == {"categorized", "uncategorised"}
