"""Why a headline in the window was published, and what it swallowed: `ticker explain`, from memory."""

from streams.explain.explanation import Evidence, Explanation, explain, known, swallowed
from streams.serve.window import Window


def why(window: Window, headline_id: str) -> Explanation | None:
    """The explanation of a headline; None when the window does not hold it."""
    entry = window.by_id(headline_id)
    if entry is None:
        return None
    chain = [each.headline for each in window.chain(entry.headline.chain)]
    evidence = Evidence(
        published=[known(headline, window.sightings(headline.id)) for headline in chain],
        swallowed=[swallowed(variant) for headline in chain for variant in window.variants(headline.id)],
    )
    return explain(headline_id, evidence)
