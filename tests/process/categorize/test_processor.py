"""The categorize stage, without an engine."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from schemas.cloudevents import CANARY_SOURCE
from schemas.events import CategorizedHeadline, ChainEnd, Event, Headline, encode
from schemas.mediatopics import LABELS, TOPIC_BY_SLUG, Labels
from schemas.routing import topics_of
from schemas.topics import CATEGORIES, CURRENT, HEADLINES, Topic
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
        self.forgotten: list[tuple[Topic, bytes, int]] = []
        self.rejected: list[tuple[Record, Exception]] = []
        self.counts = Counter[str]()

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        self.sent.append((topic, key, event, timestamp))

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        raise AssertionError(f"the stage has no state: {topic}, {key!r}, {value}, {timestamp}")

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        self.forgotten.append((topic, key, timestamp))

    def reject(self, record: Record, error: Exception) -> None:
        self.rejected.append((record, error))

    def count(self, outcome: str, records: int = 1) -> None:
        self.counts[outcome] += records


def headline(text: str, language: str = "fr", **changes: Any) -> Headline:
    """A headline as the deduplicate stage decides on it."""
    event = Headline(
        id="0123456789abcdef0123-4",
        chain="ba9876543210fedcba98-0",
        source="page",
        observed_at="2026-01-02T03:04:05.678Z",
        slot=4,
        text=text,
        language=language,
    )
    return msgspec.structs.replace(event, **changes)


@pytest.mark.parametrize("encoded", [True, False], ids=["as bytes", "as an event"])
def test_a_headline_is_published_with_all_that_it_said(encoded: bool) -> None:
    """To all headlines, to its category and as the current wording; alike whether a value is bytes or the event."""
    event = headline("Grève générale : les syndicats maintiennent la pression")
    out = _Outbox()
    CategorizeProcessor().process([_Record(encode(event) if encoded else event)], out)
    assert [topic for topic, *_ in out.sent] == [HEADLINES, CATEGORIES["labour"], CURRENT]
    _, key, sent, timestamp = out.sent[0]
    assert all(row[1:] == (key, sent, timestamp) for row in out.sent)
    assert (key, timestamp) == (event.chain.encode(), 7)
    assert isinstance(sent, CategorizedHeadline)
    assert (sent.topic, sent.category) == (TOPIC_BY_SLUG["labour"], "labour")
    assert sent.model == Categorizer().version
    assert msgspec.structs.asdict(sent).items() >= msgspec.structs.asdict(event).items()
    assert out.counts == {"categorized": 1}


def test_a_person_can_read_what_a_topic_is() -> None:
    """Each topic says its slug and its labels beside the vocabulary's code."""
    out = _Outbox()
    CategorizeProcessor().process([_Record(headline("Match nul du Raja en Botola"))], out)
    event = out.sent[0][2]
    assert isinstance(event, CategorizedHeadline)
    assert event.topics[0].slug == "sport"
    assert event.topics[0].labels == LABELS["sport"]


def test_a_wording_that_is_late_is_not_the_current_one() -> None:
    """It is published, for it is news to readers; who wants to know what holds now keeps the later one."""
    out = _Outbox()
    CategorizeProcessor().process([_Record(headline("Match nul du Raja en Botola", late=True))], out)
    assert [topic.name for topic, *_ in out.sent] == ["headlines", "category.sport"]


def test_the_end_of_a_chain_takes_its_wording_away() -> None:
    """A tombstone: compaction forgets what nobody shows any more."""
    out = _Outbox()
    end = ChainEnd(chain="ba9876543210fedcba98-0", ended_at="2026-01-05T03:04:05.678Z")
    CategorizeProcessor().process([_Record(encode(end))], out)
    assert out.forgotten == [(CURRENT, end.chain.encode(), 7)]
    assert (out.sent, out.counts) == ([], {"ended": 1})


def test_the_canary_stays_among_itself() -> None:
    """Its headlines go the whole way, and then to no topic that consumers read."""
    out = _Outbox()
    CategorizeProcessor().process([_Record(headline("zxqq zxww", source=CANARY_SOURCE))], out)
    assert [topic.name for topic, *_ in out.sent] == ["canary"]


def test_an_unsure_headline_is_published_as_uncategorised() -> None:
    """Nothing is lost: what has no topic has a Kafka topic all the same."""
    out = _Outbox()
    CategorizeProcessor().process([_Record(headline("zzgrmpf qwxyt", "en"))], out)
    assert out.sent[1][0] is CATEGORIES["uncategorised"]
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
    assert [topic.name for topic, *_ in out.sent] == ["headlines", "category.sport", "current"]


def test_a_users_topic_has_a_kafka_topic_of_its_own() -> None:
    """It is laid out like the others and named by the rule."""
    rules = parse_rules(
        b'[topics.agadir]\nwords = "Agadir"\nbroader = "society"\nlabels = {ar = "a", fr = "b", en = "c"}',
        "rules.toml",
    )
    out = _Outbox()
    CategorizeProcessor(Categorizer(rules=rules)).process([_Record(headline("Agadir : zzgrmpf"))], out)
    topic, _, event, _ = out.sent[1]
    assert topic.name == "category.agadir"
    assert topic.partitions == CATEGORIES["sport"].partitions
    assert isinstance(event, CategorizedHeadline)
    assert topics_of(event)[1] is topic
    assert event.topics[0].path == ("society", "agadir")
    assert event.topics[0].labels == Labels(ar="a", fr="b", en="c")


def test_every_outcome_is_described() -> None:
    """What is counted is documented."""
    assert set(OUTCOMES) == {"categorized", "uncategorised", "ended"}
