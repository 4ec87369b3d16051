"""Explains a headline from the window in memory, as `ticker explain` does from the topics."""

from streams.explain.explanation import Evidence, Explanation, explain, known, swallowed
from streams.serve.window import Window


def why(window: Window, headline_id: str) -> Explanation | None:
    """The explanation of a headline; None if it is not in the window."""
    entry = window.by_id(headline_id)
    if entry is None:
        return None
    chain = [each.headline for each in window.chain(entry.headline.chain)]
    evidence = Evidence(
        published=[known(headline, window.sightings(headline.id)) for headline in chain],
        swallowed=[swallowed(variant) for headline in chain for variant in window.variants(headline.id)],
    )
    return explain(headline_id, evidence)
