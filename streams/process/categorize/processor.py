"""The categorize stage: reads decisions, and publishes headlines with their media topics and the current wordings.

Each headline is published to `headlines`, to its category's topic and, unless a later one of its chain is live, to
`current`. The end of a chain is a tombstone on `current`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import asdict

from schemas.events import UNREADABLE, CategorizedHeadline, ChainEnd, Headline, TopicScore
from schemas.mediatopics import slug_of
from schemas.routing import topics_of
from schemas.topics import CURRENT
from streams.errors import RecordError
from streams.process.categorize.model import Categorizer, Mentions
from streams.process.fold import fold
from streams.stage import Outbox, Record

OUTCOMES: Final = {
    "categorized": "Headlines of which a topic was sure enough.",
    "uncategorised": "Headlines of which no topic was sure enough.",
    "ended": "Chains of headlines whose life has ended.",
}
"""Every outcome that the processor counts, with its meaning."""

Decision = Headline | ChainEnd

_decode: Final = msgspec.json.Decoder(Decision).decode


class CategorizeProcessor:
    """Categorizes headlines, each by itself: the stage has no state.

    Without a categorizer it uses the packaged model, without users' rules.
    """

    def __init__(self, categorizer: Categorizer | None = None) -> None:
        self._categorizer = categorizer or Categorizer()

    def restore(self, records: Sequence[Record]) -> None:
        """Do nothing: the stage has no state."""

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Categorize and publish each headline; a record that is not a decision is rejected."""
        counts: Counter[str] = Counter()
        for record, event in zip(records, self._events(records, out), strict=True):
            if event is None:
                continue
            key = event.chain.encode()
            if isinstance(event, ChainEnd):
                out.forget(CURRENT, key, record.timestamp)
                counts["ended"] += 1
                continue
            for topic in topics_of(event):
                out.send(topic, key, event, record.timestamp)
            counts["categorized" if event.topic else "uncategorised"] += 1
        for outcome, number in counts.items():
            out.count(outcome, number)

    def _events(self, records: Sequence[Record], out: Outbox) -> list[CategorizedHeadline | ChainEnd | None]:
        """What becomes of each record; None for one that was rejected."""
        try:
            return [*self._decided(records)]
        except Exception as error:  # noqa: BLE001 (whatever one record raises, only that record pays)
            if len(records) > 1:
                return [event for record in records for event in self._events([record], out)]
            out.reject(records[0], error)
            return [None]

    def _decided(self, records: Sequence[Record]) -> Iterator[CategorizedHeadline | ChainEnd]:
        decisions = list(map(_decision, records))
        headlines = [each for each in decisions if isinstance(each, Headline)]
        folded = [fold(each.text) for each in headlines]
        mentions = self._categorizer.mentions(
            [(text, each.language) for text, each in zip(folded, headlines, strict=True)]
        )
        learned = zip(folded, mentions, strict=True)
        for decision in decisions:
            yield decision if isinstance(decision, ChainEnd) else self._categorized(decision, *next(learned))

    def categorize(self, headline: Headline) -> CategorizedHeadline:
        """The headline with its topics and the version of the model that found them."""
        folded = fold(headline.text)
        return self._categorized(headline, folded, *self._categorizer.mentions([(folded, headline.language)]))

    def _categorized(self, headline: Headline, folded: str, learned: Mentions) -> CategorizedHeadline:
        categories = self._categorizer.categorize(
            headline.text,
            folded,
            headline.language,
            headline.source,
            headline.observed_at,
            learned=learned,
        )
        topic, topics = categories.topic, categories.topics
        if headline.corrected is not None and self._categorizer.knows(headline.corrected):
            topic = headline.corrected
            topics = (TopicScore(topic, 1.0), *(score for score in topics if score.topic != topic))
        return CategorizedHeadline(
            **asdict(headline),
            topic=topic,
            category=slug_of(topic),
            topics=tuple(map(self._categorizer.describe, topics)),
            model=self._categorizer.version_at(headline.observed_at),
        )


def _decision(record: Record) -> Decision:
    value = record.value
    if isinstance(value, Headline | ChainEnd):
        return value
    if not isinstance(value, bytes):
        raise RecordError(f"a decision was expected, not {'a tombstone' if value is None else type(value)}")
    try:
        decision: Decision = _decode(value)
    except UNREADABLE as error:
        raise RecordError(f"this is no headline and no end of one: {error}") from error
    return decision
