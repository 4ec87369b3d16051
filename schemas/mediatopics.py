"""The seventeen top IPTC Media Topics, and the slugs that name their Kafka topics.

Source: IPTC NewsCodes (cv.iptc.org/newscodes/mediatopic), CC BY 4.0.
"""

from types import MappingProxyType
from typing import Annotated, Final

from msgspec import Meta, Struct

UNCATEGORISED: Final = "uncategorised"

_SLUGS: Final = (
    "arts",
    "crime",
    "disaster",
    "economy",
    "education",
    "environment",
    "health",
    "human-interest",
    "labour",
    "lifestyle",
    "politics",
    "religion",
    "science",
    "society",
    "sport",
    "conflict",
    "weather",
)

SLUG_BY_TOPIC: Final = MappingProxyType({f"medtop:{n:02}000000": slug for n, slug in enumerate(_SLUGS, 1)})
"""Media topic (`medtop:01000000` … `medtop:17000000`) to slug, in the order of the vocabulary."""

TOPIC_BY_SLUG: Final = MappingProxyType({slug: topic for topic, slug in SLUG_BY_TOPIC.items()})

Slug = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=49, description="Names a topic and its Kafka topic.")
]
Label = Annotated[str, Meta(min_length=1, max_length=100)]


class Labels(Struct, frozen=True):
    """What a topic is called, in the languages of the pipeline."""

    ar: Label
    fr: Label
    en: Label


LABELS: Final = MappingProxyType(
    {
        "arts": Labels(
            ar="فنون وثقافة وترفيه وإعلام",
            fr="Arts, culture, divertissement et médias",
            en="Arts, culture, entertainment and media",
        ),
        "crime": Labels(
            ar="جريمة وقانون وعدالة", fr="Criminalité, droit et justice", en="Crime, law and justice"
        ),
        "disaster": Labels(
            ar="كوارث وحوادث وطوارئ",
            fr="Catastrophes, accidents et urgences",
            en="Disaster, accident and emergency incident",
        ),
        "economy": Labels(
            ar="اقتصاد وأعمال ومال", fr="Économie, affaires et finances", en="Economy, business and finance"
        ),
        "education": Labels(ar="تعليم", fr="Éducation", en="Education"),
        "environment": Labels(ar="بيئة", fr="Environnement", en="Environment"),
        "health": Labels(ar="صحة", fr="Santé", en="Health"),
        "human-interest": Labels(ar="منوعات وقصص إنسانية", fr="Gens et insolite", en="Human interest"),
        "labour": Labels(ar="شغل وعمل", fr="Travail et social", en="Labour"),
        "lifestyle": Labels(ar="أسلوب حياة وترفيه", fr="Mode de vie et loisirs", en="Lifestyle and leisure"),
        "politics": Labels(ar="سياسة وحكومة", fr="Politique et gouvernement", en="Politics and government"),
        "religion": Labels(ar="دين", fr="Religion", en="Religion"),
        "science": Labels(ar="علوم وتكنولوجيا", fr="Sciences et technologies", en="Science and technology"),
        "society": Labels(ar="مجتمع", fr="Société", en="Society"),
        "sport": Labels(ar="رياضة", fr="Sport", en="Sport"),
        "conflict": Labels(
            ar="نزاعات وحرب وسلام", fr="Conflits, guerre et paix", en="Conflict, war and peace"
        ),
        "weather": Labels(ar="طقس", fr="Météo", en="Weather"),
    }
)
"""Labels by slug; the English ones are the vocabulary's own."""

MediaTopic = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]*:[A-Za-z0-9-]+$",
        description="A media topic: one of the 17 top IPTC Media Topics, or a user's own.",
        examples=["medtop:15000000"],
    ),
]


def slug_of(topic: str | None) -> str:
    """The slug that names a topic's category; `uncategorised` for none."""
    if topic is None:
        return UNCATEGORISED
    return SLUG_BY_TOPIC.get(topic) or topic.partition(":")[2]
