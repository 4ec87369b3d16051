"""The canary's headlines resemble nothing: not each other, not the news."""

from schemas.cloudevents import CANARY_SOURCE
from streams.canary.headlines import LANGUAGES, observation
from streams.produce.observation import Observation
from streams.run.local import LocalRun, Published
from tests.support import MINUTE, START

NEWS = (
    "the minister of the interior and their deputy with which talks from this morning",
    "la ministre de la santé et les médecins pour une réforme avec des syndicats",
    "وزير الصحة في زيارة من الرباط على متن طائرة",
)


def _run(*observations: Observation) -> list[Published]:
    published: list[Published] = []
    run = LocalRun(published=published.append, failed=_fail)
    assert run.run(observations).residue == 0
    return published


def _fail(error: Exception) -> None:
    raise error


def test_every_one_is_new_in_its_language() -> None:
    """Three hundred minutes of canaries are nine hundred headlines: none merged, none an update."""
    published = _run(*(observation(START + minute * MINUTE) for minute in range(300)))
    assert len(published) == 300 * len(LANGUAGES)
    assert [headline.language for headline in published] == 300 * list(LANGUAGES)
    assert not any(headline.updates for headline in published)


def test_the_news_does_not_notice() -> None:
    """Headlines built on the same small words are published beside the canary's."""
    news = Observation(
        place="a test",
        source="akhbar",
        observed_at=START,
        text="\n".join(NEWS),
        is_page=False,
        separator="\n",
    )
    published = _run(observation(START), news, observation(START + MINUTE))
    assert [headline.text for headline in published if headline.source != CANARY_SOURCE] == list(NEWS)
    assert len(published) == len(NEWS) + 2 * len(LANGUAGES)


def test_no_category_is_burdened() -> None:
    """There is nothing to categorize by, so consumers of categories do not see them."""
    published = _run(*(observation(START + minute * MINUTE) for minute in range(50)))
    assert {headline.topic for headline in published} == {None}
