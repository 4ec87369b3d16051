"""The events that flow through the pipeline, as JSON values on Kafka.

A value names its own type and version in `type`; a reader refuses a version that it does not know.
A released type only ever gains optional fields. Fields that a reader does not know are ignored.
"""

from typing import Annotated, Literal

from msgspec import Meta, MsgspecError, Struct
from msgspec.json import Encoder

from .instants import Instant
from .mediatopics import Labels, MediaTopic, Slug

MAX_TEXT = 2000
"""The longest headline, in characters. What is longer is no headline."""
MAX_SOURCE = 200
"""The longest name of a source, in characters."""

MAX_LINK = 2000
"""The longest link, in characters: what browsers and proxies still take."""
LINK_PATTERN = r"^https?://[!-~]+$"

Language = Annotated[
    str, Meta(pattern=r"^[a-z]{2,3}$", description="ISO 639 code; `und` where there are no letters.")
]
Slot = Annotated[int, Meta(ge=0, description="Position in the strip, from 0.")]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, description="The headline as shown.")]
Link = Annotated[
    str,
    Meta(
        pattern=LINK_PATTERN,
        max_length=MAX_LINK,
        description="Where the headline leads: an absolute http(s) URI.",
        extra_json_schema={"format": "uri"},
    ),
]
Share = Annotated[float, Meta(ge=0, le=1)]
SourceId = Annotated[
    str, Meta(min_length=1, max_length=MAX_SOURCE, description="Names a place that shows a strip.")
]
StripId = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{20}$", description="A hash of source, observed_at and text.")
]
SightingId = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{20}-\d+$", description="The strip's id and the slot: `STRIP-SLOT`.")
]
ChainId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{20}-\d+$",
        description="The first headline's id: alike on a headline and all updates of it.",
    ),
]


class Strip(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.strip.v1"):
    """What a source showed at one moment: the strip as it was read, enough to split it again."""

    id: StripId
    source: SourceId
    observed_at: Instant
    text: Annotated[str, Meta(description="The strip as read, separators included.")]
    format: Annotated[Literal["text", "html", "feed"], Meta(description="What `text` is written in.")] = (
        "text"
    )
    slots: Annotated[int, Meta(ge=0, description="Slots found, empty ones included.")]
    separator: Annotated[str, Meta(description="What stands between slots.")] | None = None
    pinned: Annotated[bool, Meta(description="The separator was told, not found.")] = False
    confidence: Annotated[Share, Meta(description="How sure the split is.")]
    traceparent: Annotated[str, Meta(description="W3C trace context.")] | None = None


class _Shown(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every event about one headline in one slot of one strip says."""

    id: SightingId
    source: SourceId
    observed_at: Annotated[Instant, Meta(description="When the source showed it.")]
    slot: Slot
    text: Text
    language: Language
    truncated: Annotated[bool, Meta(description="The site cut the headline short.")] = False
    link: Link | None = None
    published_at: Annotated[Instant, Meta(description="When the entry says it was published.")] | None = None
    traceparent: Annotated[str, Meta(description="W3C trace context.")] | None = None


class Sighting(_Shown, frozen=True, kw_only=True, tag="ticker.sighting.v1"):
    """One headline seen in one slot of one strip."""


class Change(Struct, frozen=True, kw_only=True):
    """One fact that an update changed."""

    kind: Annotated[str, Meta(description="What changed: number, weekday, …", examples=["number"])]
    before: str
    after: str


class Headline(_Shown, frozen=True, kw_only=True, tag="ticker.headline.v1"):
    """A distinct headline, as its first sighting showed it. Its id is that sighting's."""

    chain: ChainId
    updates: Annotated[SightingId, Meta(description="The headline whose facts this one changes.")] | None = (
        None
    )
    changes: Annotated[tuple[Change, ...], Meta(description="The facts that changed.")] = ()
    late: Annotated[
        bool,
        Meta(description="The chain has a live headline that was observed later: this is no news of it."),
    ] = False
    corrected: Annotated[MediaTopic, Meta(description="The topic that a person gave this text.")] | None = (
        None
    )


class ChainEnd(Struct, frozen=True, kw_only=True, tag_field="type", tag="ticker.end.v1"):
    """The last live headline of a chain has ended: nobody has shown any of them for a window."""

    chain: ChainId
    ended_at: Annotated[Instant, Meta(description="The event time at which that was noticed.")]


class Correction(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.correction.v1"
):
    """What a person put right, from then on: texts to keep apart, to keep together, to file or to withdraw.

    The chains that these texts stood in have ended by it; what is still shown is decided and published anew.
    """

    id: Annotated[
        str,
        Meta(pattern=r"^[0-9a-f]{20}$", description="A hash of kind, keys and topic: said twice, it is one."),
    ]
    kind: Literal["split", "join", "recategorize", "withdraw"]
    keys: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2, description="The texts' fold keys.")]
    texts: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=2)]
    language: Language
    topic: Annotated[MediaTopic, Meta(description="The topic that a recategorized headline has.")] | None = (
        None
    )
    by: Annotated[str, Meta(min_length=1, max_length=200, description="Who said so.")]
    why: Annotated[str, Meta(min_length=1, max_length=1000)]
    corrected_at: Instant
    undone: Annotated[bool, Meta(description="It holds no longer.")] = False
    chains: Annotated[tuple[ChainId, ...], Meta(description="The chains that ended by it.")] = ()


class TopicScore(Struct, frozen=True, omit_defaults=True):
    """A media topic, how it is called, and how sure the categorizer is of it (calibrated, 0 to 1)."""

    topic: MediaTopic
    confidence: Share
    slug: Slug | None = None
    labels: Labels | None = None
    path: Annotated[
        tuple[Slug, ...],
        Meta(description="Slugs from the top topic down to this one, where it has a broader one."),
    ] = ()


class CategorizedHeadline(Headline, frozen=True, kw_only=True, tag="ticker.category.v1"):
    """A headline with its media topics, the surest first. `topic` is null where none is sure enough."""

    topic: MediaTopic | None
    category: Annotated[Slug, Meta(description="The slug of `topic`; `uncategorised` where that is null.")]
    topics: tuple[TopicScore, ...] = ()
    model: Annotated[str, Meta(description="The categorizer's version.")]


class ClaimedTime(Struct, frozen=True, kw_only=True):
    """When a source says that it showed a headline."""

    by: SourceId
    at: Instant


class DoubtedTimes(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Times that are too far from the event time of the stage for one sighting to be believed."""

    stage: Annotated[Instant, Meta(description="The event time of the stage when they were claimed.")]
    claimed: tuple[ClaimedTime, ...]
    believed: Annotated[
        bool,
        Meta(description="Others confirmed the last of them: no row says so since there is `EventTime`."),
    ] = False


class EventTime(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.eventtime.v1"
):
    """How far the deduplicate stage has come on a partition, and what strips said of it: part of its state.

    Strips vote on the agreed time. Event time is the latest bucket in which a live headline was seen, and is never
    more than 6 hours above what is agreed.
    """

    reached: Annotated[Instant, Meta(description="Event time: the end of a ten-minute bucket.")]
    agreed: Annotated[Instant, Meta(description="The time that most strips agree on: the end of a bucket.")]
    support: Annotated[
        int, Meta(ge=1, description="Strips that agreed with it; more than 16 are not counted.")
    ]
    by: Annotated[SourceId, Meta(description="The source of all of these, where they are of one.")] | None = (
        None
    )
    last: Annotated[ClaimedTime, Meta(description="The last strip that counted.")] | None = None
    later: Annotated[
        tuple[ClaimedTime, ...],
        Meta(max_length=17, description="Strips that said that it is later: ends of their buckets."),
    ] = ()
    earlier: Annotated[
        tuple[ClaimedTime, ...], Meta(max_length=17, description="Strips that said that it is earlier.")
    ] = ()


class SeenHeadline(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.seen.v1"
):
    """A live headline, keyed by its fold key: the deduplicate stage's state.

    An alias (a variant that joined another headline) has `alias_of` set to that headline's fold key.
    """

    id: SightingId
    text: Text
    language: Language
    first_seen: Instant
    last_seen: Instant
    sightings: Annotated[int, Meta(ge=1)]
    sources: Annotated[tuple[SourceId, ...], Meta(description="The first 32 sources that showed it.")]
    source_count: (
        Annotated[
            int,
            Meta(
                ge=1,
                description="How many showed it, where there are more: an estimate with a standard error of 3 % up to "
                "1,000, 5 % up to 3,000 and 11 % up to 6,000; never above 7,130.",
            ),
        ]
        | None
    ) = None
    source_sketch: (
        Annotated[
            str,
            Meta(pattern=r"^[0-9a-f]{256}$", description="The others, as a bit for each of 1,024 hashes."),
        ]
        | None
    ) = None
    doubted: (
        Annotated[DoubtedTimes, Meta(description="Where the times of the last sightings are doubted.")] | None
    ) = None
    alias_of: (
        Annotated[str, Meta(description="Fold key of the headline that this variant joined.")] | None
    ) = None
    root: Annotated[SightingId, Meta(description="First headline of a chain of updates.")] | None = None
    folded: Annotated[str, Meta(description="The text folded, as the fold key hashes it.")] | None = None
    fold: Annotated[int, Meta(ge=1, description="Version of the fold that made the key and `folded`.")] = 1

    @property
    def last_shown(self) -> str:
        """When it was shown last, for people: of one whose time is doubted `last_seen` lies before its beginning."""
        return max(self.first_seen, self.last_seen)


class Duplicate(_Shown, frozen=True, kw_only=True, tag="ticker.duplicate.v1"):
    """A near duplicate that was swallowed: by which headline, by which rule, and both texts."""

    winner: Annotated[SightingId, Meta(description="The headline that it repeats.")]
    winner_text: Text
    chain: ChainId
    rule: Annotated[str, Meta(description="The rule that decided.", examples=["typo", "retag"])]
    score: Share
    detail: Annotated[str, Meta(description="What the rule saw.")] | None = None


class Position(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.position.v1"
):
    """How far a stage has read a partition: everything below `offset` is done."""

    offset: Annotated[int, Meta(ge=0)]


class Pin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would read a source rightly again, and why that is thought; for a person to decide."""

    selector: Annotated[str, Meta(description="A CSS selector of the strip in the page.")] | None = None
    separator: Annotated[str, Meta(description="What stands between slots.")] | None = None
    evidence: Annotated[str, Meta(min_length=1, max_length=1000)]


class SourceState(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.source.v1"
):
    """How a source fares, judged by its own past."""

    source: SourceId
    state: Annotated[
        Literal[
            "learning",
            "well",
            "silent",
            "missing",
            "misshapen",
            "resplit",
            "misplaced",
            "walled",
            "failing",
        ],
        Meta(
            description="`silent`: nothing new for longer than its rhythm allows. `missing`: no strip is found."
            " `misshapen`: slots are far more, fewer, longer or shorter. `resplit`: another separator. `misplaced`: all"
            " headlines come from elsewhere on the page. `walled`: a login or consent page. `failing`: visits fail."
        ),
    ]
    since: Annotated[Instant, Meta(description="When it came into this state.")]
    detail: Annotated[str, Meta(max_length=1000, description="What was seen, for people.")] | None = None
    held: Annotated[bool, Meta(description="Its strips are held back: nothing of it is published.")] = False
    last_visit: Instant
    last_change: Annotated[Instant, Meta(description="When it showed something new last.")] | None = None
    rhythm: (
        Annotated[
            float,
            Meta(ge=0, description="Seconds for which it may show nothing new, at this hour and weekday."),
        ]
        | None
    ) = None
    unchanged: Annotated[
        Share, Meta(description="Share of its latest visits that brought nothing else, 304 included.")
    ] = 0.0
    failed: Annotated[Share, Meta(description="Share of its latest visits that failed.")] = 0.0
    pin: Annotated[Pin, Meta(description="What would read it rightly again.")] | None = None


Event = (
    Strip
    | Sighting
    | Headline
    | ChainEnd
    | CategorizedHeadline
    | EventTime
    | SeenHeadline
    | Duplicate
    | Correction
    | Position
    | SourceState
)

EVENT_TYPES: tuple[type[Event], ...] = (
    Strip,
    Sighting,
    Headline,
    ChainEnd,
    CategorizedHeadline,
    EventTime,
    SeenHeadline,
    Duplicate,
    Correction,
    Position,
    SourceState,
)


def type_name(event_type: type[Struct]) -> str:
    """The name and version that a value carries in `type`, such as `ticker.headline.v1`."""
    return str(event_type.__struct_config__.tag)


encode = Encoder().encode
"""Event to JSON bytes."""

UNREADABLE = (MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder raises for bytes that are none of its events: other JSON, no text, lists in lists in lists."""
