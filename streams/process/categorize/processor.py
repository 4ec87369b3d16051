"""The categorize stage: a headline in, the same headline with its media topics out."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import asdict

from schemas.events import CategorizedHeadline, Headline
from schemas.routing import topic_of
from streams.errors import RecordError
from streams.process.categorize.model import Categorizer
from streams.process.fold import fold
from streams.stage import Outbox, Record

OUTCOMES: Final = {
    "categorized": "Headlines of which a topic was sure enough.",
    "uncategorised": "Headlines of which no topic was sure enough.",
}
"""Every outcome that the processor counts, with its meaning."""

_decode = msgspec.json.Decoder(Headline).decode


class CategorizeProcessor:
    """Categorizes headlines, each by itself: the stage has no state.

    Without a categorizer it uses the packaged model, without users' rules.
    """

    def __init__(self, categorizer: Categorizer | None = None) -> None:
        self._categorizer = categorizer or Categorizer()

    def restore(self, records: Sequence[Record]) -> None:
        """Nothing to take back."""

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        """Send each headline, categorized, to its category's topic; what is no headline is rejected."""
        categorized = uncategorised = 0
        for record in records:
            try:
                event = self.categorize(_headline(record))
            except RecordError as error:
                out.reject(record, error)
                continue
            out.send(topic_of(event), event.id.encode(), event, record.timestamp)
            if event.topic is None:
                uncategorised += 1
            else:
                categorized += 1
        if categorized:
            out.count("categorized", categorized)
        if uncategorised:
            out.count("uncategorised", uncategorised)

    def categorize(self, headline: Headline) -> CategorizedHeadline:
        """The same headline with its topics and the version of the model that found them."""
        categories = self._categorizer.categorize(
            headline.text, fold(headline.text), headline.language, headline.source
        )
        return CategorizedHeadline(
            **asdict(headline),
            topic=categories.topic,
            topics=categories.topics,
            model=self._categorizer.version,
        )


def _headline(record: Record) -> Headline:
    value = record.value
    if isinstance(value, Headline):
        return value
    if not isinstance(value, bytes):
        raise RecordError(f"a headline was expected, not {'a tombstone' if value is None else type(value)}")
    try:
        return _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"this is no headline: {error}") from error
