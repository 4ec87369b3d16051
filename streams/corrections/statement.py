"""Make a correction from a person's statement: split or join two texts, recategorize one, or withdraw one."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, Literal

from schemas.events import Correction
from schemas.instants import format_instant
from schemas.mediatopics import TOPIC_BY_SLUG
from streams.errors import SettingsError
from streams.process.fold import fold
from streams.produce.sightings import identify

Kind = Literal["split", "join", "recategorize", "withdraw"]
_PAIRS: Final = frozenset({"split", "join"})


def correction(
    kind: Kind, texts: Sequence[str], *, by: str, why: str, at: int, topic: str | None = None
) -> Correction:
    """A correction. Its id depends on the kind, the texts and the topic only, not on the order of the texts.

    Args:
        kind: What to do.
        texts: Two headlines as shown to split or join, else one.
        by: Who makes the correction.
        why: The reason, for later readers.
        at: When the correction is made, in ms since the epoch.
        topic: The media topic of a recategorized headline.

    Raises:
        SettingsError: Two texts are equal to the pipeline, or in different languages.
    """
    identities = [identify(text) for text in texts]
    languages = sorted({language for _, language in identities})
    if kind in _PAIRS and len({key for key, _ in identities}) < len(texts):
        raise SettingsError(f"both are {fold(texts[0])!r} to the pipeline: there is nothing to {kind}")
    if len(languages) > 1:
        raise SettingsError(
            f"they are in different languages ({', '.join(languages)}), which are never compared"
        )
    pairs = sorted(zip((key.decode() for key, _ in identities), texts, strict=True))
    content = "\0".join([kind, *(key for key, _ in pairs), topic or ""])
    return Correction(
        id=blake2b(content.encode(), digest_size=10).hexdigest(),
        kind=kind,
        keys=tuple(key for key, _ in pairs),
        texts=tuple(text for _, text in pairs),
        language=languages[0],
        topic=topic,
        by=by,
        why=why,
        corrected_at=format_instant(at),
    )


def media_topic(category: str) -> str:
    """The media topic of a category's slug; any other slug belongs to a user's own rule."""
    return TOPIC_BY_SLUG.get(category, f"user:{category}")
