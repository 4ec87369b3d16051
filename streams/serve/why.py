"""Why a headline in the window was published, and what it swallowed: `ticker explain`, from memory."""

from streams.explain.explanation import Evidence, Explanation, Known, Swallowed, explain
from streams.serve.window import Entry, Window


def why(window: Window, headline_id: str) -> Explanation | None:
    """The explanation of a headline; None when the window does not hold it."""
    entry = window.by_id(headline_id)
    if entry is None:
        return None
    chain = window.chain(entry.headline.chain)
    evidence = Evidence(
        published=[_known(window, other) for other in chain],
        swallowed=[
            Swallowed(
                id=variant.id,
                text=variant.text,
                source=variant.source,
                observed_at=variant.observed_at,
                winner=variant.winner,
                rule=variant.rule,
                detail=variant.detail,
            )
            for other in chain
            for variant in window.variants(other.headline.id)
        ],
    )
    return explain(headline_id, evidence)


def _known(window: Window, entry: Entry) -> Known:
    headline = entry.headline
    seen = window.sightings(headline.id)
    return Known(
        id=headline.id,
        text=headline.text,
        language=headline.language,
        source=headline.source,
        observed_at=headline.observed_at,
        topic=headline.topic,
        last_seen=seen.last_seen if seen else None,
        sightings=seen.number if seen else None,
        sources=seen.sources if seen else (),
        updates=headline.updates,
        changes=headline.changes,
    )
