"""What competitors do with a sighting: decode it, and make the output records of a new one."""

from typing import Final

import msgspec

from schemas.events import Headline, SeenHeadline, Sighting

POLL_RECORDS: Final = 4_000
"""The maximum number of records in a poll, as in our worker."""

decode: Final = msgspec.json.Decoder(Sighting).decode


def outputs(sighting: Sighting) -> tuple[Headline, SeenHeadline]:
    """The headline to publish and the changelog record to write."""
    headline = Headline(**msgspec.structs.asdict(sighting), chain=sighting.id)
    seen = SeenHeadline(
        id=sighting.id,
        text=sighting.text,
        language=sighting.language,
        first_seen=sighting.observed_at,
        last_seen=sighting.observed_at,
        sightings=1,
        sources=(sighting.source,),
    )
    return headline, seen
