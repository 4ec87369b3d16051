"""Training: the lexicon decides where no data speak, data move it, and the same data give the same bytes."""

import msgspec

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.process.categorize.lexicon import LANGUAGES
from streams.process.categorize.model import TOPICS, Categorizer, Model, packaged_model, read_model
from streams.process.categorize.train import (
    Labelled,
    Settings,
    encode,
    features_of,
    labelled_examples,
    learn,
    read_own,
)
from streams.process.fold import fold

SPORT, ARTS, HEALTH = TOPIC_BY_SLUG["sport"], TOPIC_BY_SLUG["arts"], TOPIC_BY_SLUG["health"]
PRIOR = {"ball": {SPORT: 3.0}, "fever": {HEALTH: 3.0}}
ROWS = [
    Labelled(text=text, lang="en", label=label, set="outlet")
    for text, label in [("ball zork", SPORT), ("zork ball", SPORT), ("song blip", ARTS), ("blip ball", ARTS)]
]


def trained() -> Model:
    """A model of four headlines and a lexicon of two words."""
    settings = Settings(strength=0.1)
    features = [features_of(row.text, "en", PRIOR, settings) for row in ROWS]
    learned = learn(labelled_examples(ROWS, features), PRIOR, settings)
    return Model(version="test", threshold=0.5, mention=0.2, languages={"en": learned})


def test_the_same_data_give_the_same_bytes() -> None:
    """A model can be made again, and compared line by line."""
    assert encode(trained()) == encode(trained())
    assert read_model(encode(trained()), "model.json") == trained()


def test_data_teach_what_the_lexicon_does_not_know() -> None:
    """A word that only sports headlines have speaks for sport."""
    shares = Categorizer(trained()).shares("zork", "en")
    assert max(range(len(TOPICS)), key=shares.__getitem__) == TOPICS.index(SPORT)


def test_a_topic_without_data_keeps_its_lexicon() -> None:
    """The outlet has no health section: its headlines teach nothing about health."""
    shares = Categorizer(trained()).shares("fever", "en")
    assert max(range(len(TOPICS)), key=shares.__getitem__) == TOPICS.index(HEALTH)
    row = trained().languages["en"].weights["fever"]
    assert row == (TOPICS.index(HEALTH), 300)


def test_the_packaged_model_is_one_entry_a_line() -> None:
    """So that ordinary tools show what a training changed."""
    lines = encode(packaged_model()).splitlines()
    entries = sum(len(learned.weights) for learned in packaged_model().languages.values())
    assert entries < len(lines) < entries + 20


def test_training_and_evaluation_share_no_headline() -> None:
    """What is measured has not been learned or calibrated on."""
    from streams.evaluate.categorize import own_headlines  # noqa: PLC0415 (only this test needs it)

    measured = {fold(gold.text) for gold in own_headlines()}
    assert len(measured) >= 400
    for name in ("examples", "calibration"):
        assert not measured & {fold(own.text) for own in read_own(name)}


def test_the_evaluation_set_is_balanced() -> None:
    """Every topic in every language, so that no topic hides behind another."""
    from streams.evaluate.categorize import own_headlines  # noqa: PLC0415

    cells = [(gold.language, gold.topic) for gold in own_headlines()]
    assert set(cells) == {(language, topic) for language in LANGUAGES for topic in TOPICS}
    assert len({cells.count(cell) for cell in cells}) == 1
    assert msgspec.json.encode(cells)
