"""Tell from their form lines that are no headlines: a chat, a dialogue, a log, a letter, tasks, contents, contacts.

Who speaks and when tells more than what is said: headlines quote people too, and begin with places and sections.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from streams.produce.extract.reading import kind_of
from streams.produce.labels import is_section

_MOST: Final = 0.7
"""The share of lines that must have a form: messages run over lines, and a log has traces."""
_FEWEST: Final = 4
_TURNS: Final = 6
"""Lines from which two that speak by turns are a dialogue, whatever they say and whenever."""
_LINES_EACH: Final = 3
"""Lines that somebody in a chat says, on average; those whom headlines quote come once or twice."""
_MOST_WORDS: Final = 3

_STAMP: Final = re.compile(
    r"[\[(]?(?P<date>\d{1,4}([./-])\d{1,2}\2\d{1,4})?[,،]?\s?(?:à |at )?"
    r"(?P<hour>\d{1,2})[:h](?P<minute>\d\d)(?P<second>:\d\d)?"
    r"(?:\s?(?P<half>[ap]\.?m\.?|[صم])(?!\w))?[\])]?\s?(?:[-–]\s)?",
    re.IGNORECASE,
)
_SPEAKER: Final = re.compile(
    r"(?:<\s?[@+%~]?(?P<nick>[^<>\s][^<>]{0,30})>|(?P<name>[^\W\d_][^:<>\[\]|]{0,23}?)\s?[:：])\s*(?P<said>\S)"
)
_SPEAKER_ABOVE: Final = re.compile(
    r"[^\W\d_][^\[\]]{0,30}, \[\d{1,4}[./-]\d{1,2}[./-]\d{1,4} \d{1,2}:\d\d(?::\d\d)?\]"
)
"""Who said the lines below, and when: `Ann Stone, [12.03.2024 18:02]`."""
_LOGGED: Final = re.compile(
    r".{0,16}?\d:\d\d:\d\d.{0,24}?\b(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b"
    r"|.{10,48}?\s[\w./-]+\[\d+\]:\s"
    r"|(?=[a-f]*\d)(?=\d*[a-f])[\da-f]{7,40}\s"
)
"""A line of a log, by its level or program, and of a list of commits."""
_OF_LETTER: Final = re.compile(
    r"(?:from|to|cc|bcc|subject|date|sent|reply-to|de|à|objet|envoyé|من|إلى|الموضوع|التاريخ)\s?:\s",
    re.IGNORECASE,
)
_FEWEST_OF_LETTER: Final = 3
_TASK: Final = re.compile(r"[-*]?\s?\[[ xX✓]?\]\s")
"""A task with its box."""
_END: Final = 200
"""Characters at the end of a line in which what a list of something else ends with is looked for."""
_OF_LIST: Final = re.compile(
    r"(?:(?<!\.)\.{4,}+|(?<!\. )(?:\. ){4,}+|(?<!…)…{2,}+)\s?\d+$"
    r"|\S[,;]\"?https?://\S+$|[\s+(](?!\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$)(?:\d[ .-]?){7,30}$"
)
"""What ends an entry of contents, dots and its page; a row with an address; a contact, its telephone."""
_SPOKEN_SHARE: Final = 0.15
"""The share of what is said in a chat, at least, that says I and you."""


def is_transcript(lines: Sequence[str]) -> bool:
    """Whether most lines are those of a chat, a dialogue, a log, a letter's head, or a list of something else."""
    fewest = max(_FEWEST, _MOST * len(lines))
    for is_one in (_LOGGED.match, _is_of_list):
        if sum(1 for line in lines if is_one(line)) >= fewest:
            return True
    if sum(1 for line in lines if _SPEAKER_ABOVE.fullmatch(line)) >= _FEWEST_OF_LETTER:
        return True
    heads = {match[0].casefold() for line in lines if (match := _OF_LETTER.match(line))}
    return len(heads) >= _FEWEST_OF_LETTER or _is_chat(lines, fewest)


def _is_of_list(line: str) -> bool:
    """Whether a line is of a list of something else than headlines."""
    return _TASK.match(line) is not None or _OF_LIST.search(line[-_END:]) is not None


def _is_chat(lines: Sequence[str], fewest: float) -> bool:
    """Whether few speak again and again: in nicknames, of themselves, in the order of time, or by turns.

    Headlines quote many people, and where they have times the newest stands first.
    """
    stamps = [_STAMP.match(line) for line in lines]
    spoken = [
        match
        for line, stamp in zip(lines, stamps, strict=True)
        if (match := _SPEAKER.match(line, stamp.end() if stamp else 0))
        and len((match["name"] or "").split()) <= _MOST_WORDS
    ]
    speakers = [match["nick"] or match["name"] for match in spoken]
    names = set(speakers)
    if len(spoken) < fewest or len(names) < 2 or _LINES_EACH * len(names) > len(spoken):  # noqa: PLR2004
        return False
    if any(map(is_section, names)):
        return False
    stamped = [stamp for stamp in stamps if stamp]
    return (
        all(match["nick"] for match in spoken)
        or _is_personal(spoken)
        or (_are_of_messages(stamped) if len(stamped) >= fewest else _is_by_turns(speakers))
    )


def _is_personal(spoken: Sequence[re.Match[str]]) -> bool:
    """Whether enough of what is said is said to somebody."""
    said = [match.string[match.start("said") :] for match in spoken]
    return sum(kind_of(text) == "comments" for text in said) >= _SPOKEN_SHARE * len(said)


def _is_by_turns(speakers: Sequence[str]) -> bool:
    """Whether two speak by turns, as in an interview or a play."""
    by_turns = all(one != other for one, other in pairwise(speakers))
    return by_turns and len(set(speakers)) == 2 and len(speakers) >= _TURNS  # noqa: PLR2004


def _are_of_messages(stamps: Sequence[re.Match[str]]) -> bool:
    """Whether times are written as chats do and few sites, with the day, seconds or half of the day, and go forward."""
    return any(stamp["date"] or stamp["second"] or stamp["half"] for stamp in stamps) and _goes_forward(
        stamps
    )


def _goes_forward(stamps: Sequence[re.Match[str]]) -> bool:
    """Whether no time is earlier than the one before on the same day."""
    return all(
        _minutes(one) <= _minutes(other) for one, other in pairwise(stamps) if one["date"] == other["date"]
    )


def _minutes(stamp: re.Match[str]) -> int:
    hour = int(stamp["hour"])
    if stamp["half"]:
        hour = hour % 12 + (12 if stamp["half"][0] in "pPم" else 0)
    return 60 * hour + int(stamp["minute"])
