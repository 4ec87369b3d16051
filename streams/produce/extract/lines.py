"""Find the strips of plain text: lines that are a strip each, or blocks of lines that are a headline each."""

import re
from collections.abc import Iterator
from typing import Final

from streams.errors import SplitError
from streams.produce.extract.found import Found, headlines_in, reads_well, tidied
from streams.produce.extract.reading import PROSE, kind_of
from streams.produce.extract.transcripts import is_transcript
from streams.produce.furniture import is_moment
from streams.produce.labels import announces_sayings, is_label, is_of_popular
from streams.produce.openings import openings
from streams.produce.separators import EDGE, EMOJI, unify_lines
from streams.produce.split import LONGEST_HEADLINE, MAX_SLOTS, SHORTEST_HEADLINE, Split, split

MAX_LINES: Final = 2_000
"""The most lines of a page that are tried as strips, the first ones."""

MAX_BLOCKS: Final = 200
"""The most blocks of lines that are tried; the rest of the page is one more block."""

FEWEST_SLOTS: Final = 3
"""Headlines that a line or list must have to be taken for a strip where nothing is pinned."""

FEWEST_BETWEEN_DASHES: Final = 6
"""Likewise where the separator is a dash or slash: a paragraph has asides between dashes too."""

SHORTEST_LINE: Final = FEWEST_SLOTS * SHORTEST_HEADLINE

_MAY_SEPARATE: Final = re.compile(r"[^\w .,:;!?'\"()’‘“”،؛؟%$€£-]")
_MAY_TOO: Final = ("  ", "_", "ـ", "..", "::", "!!", ";;", ".:", ":.", "\u01c0", "\u01c1", "\u01c2", "\u01c3")
"""What a line has where it is a strip: symbols that are rare in sentences, or a wide gap; or dashes by the handful.

Most lines of a page have none, and to look for the separator of a line takes a hundred times longer."""

_PERHAPS_HEADLINES: Final = frozenset({"headlines", "a few words", "a sentence"})
_DASHES: Final = frozenset("-–—/")
_NEARLY_ALL: Final = 0.8
_NARROW: Final = re.compile(r"\s{1,2}")
_INSIDE: Final = ",.;:)]}»?!،؛؟%"
_OPEN: Final = ",;:([{«،؛-–—&"
_PROSE_BETWEEN: Final = re.compile("[«»§°()\\[\\]=$#&@%]")
"""Characters that occur between words of paragraphs too."""
_TRIPLED: Final = 3
_SENTENCE_SHARE: Final = 0.3
"""The share of lines that end as sentences do from which a block of lines is an article, not headlines."""
_ROW: Final = re.compile(r"[^,;]*([,;])\S.*\1\S")
"""A row of a table: `17,Ferry sinks,2026-03-11`. No prose sets its commas so, and numbers not in every line."""


def in_text(page: str, place: str, separator: str | None) -> tuple[Found, ...]:
    """The strips of a text page, best first.

    Raises:
        SplitError: No strip is found without guessing.
    """
    text = unify_lines(page)
    lines = _unbroken([line.strip(" \t") for line in text.split("\n")])
    if separator == "" or sum(map(bool, lines)) <= 1:
        # The strip is all that there is: say what is wrong with it, if anything.
        found = Found(page, "text", tidied(split(page, separator, place=place)))
        if separator is None and _is_of_sayings(found):
            raise SplitError(place, "its label says that it is no news; pin its separator if it is")
        return (found,)
    strips = [found for found in strip_lines(lines, separator) if separator is not None or is_no_prose(found)]
    if strips and separator is None and (whole := _broken_strip(page, lines)):
        strips.append(whole)
    if not strips:
        strips = list(_strip_blocks(text, separator))
    if separator is None:
        strips = [found for found in strips if not _is_of_sayings(found)]
    if not strips:
        problem = (
            f"no line is a strip of {FEWEST_SLOTS} headlines or more; pin what stands between them with "
            "--separator, or give the strip alone"
            if separator is None
            else f"the separator {separator!r} stands in no line; check it against the page"
        )
        raise SplitError(place, problem)
    return tuple(sorted(strips, key=rank))


def _is_of_sayings(found: Found) -> bool:
    return announces_sayings(headlines_in(found.split)[0])


def _unbroken(lines: list[str]) -> list[str]:
    """Lines of which one that ends with a sign goes on in the next, where that sign parts headlines in both.

    A row of a table begins with the sign that the row before ends with, and is a line of its own.
    """
    whole: list[str] = []
    for line in lines:
        if whole and len(whole[-1]) < _MOST_BROKEN and _goes_on(whole[-1], line):
            whole[-1] = f"{whole[-1]} {line}"
        else:
            whole.append(line)
    return whole


def _goes_on(line: str, following: str) -> bool:
    sign = line[-1:]
    if sign not in _SIGNS or line[-2:-1] != " " or following.startswith(sign):
        return False
    spaced = f" {sign} "
    return spaced in line and spaced in following


_SIGNS: Final = frozenset("|•·■●*")
_MOST_BROKEN: Final = 4_000
"""Characters of a strip that is broken into lines, as far as it is joined again."""


def _broken_strip(page: str, lines: list[str]) -> Found | None:
    """The page as one strip that is broken into lines: all of them are headlines, or several between symbols."""
    written = [line for line in lines if line]
    if len(written) > MAX_LINES or any(map(_ends_sentence, written)) or any(map(is_label, written)):
        return None
    found = _attempt(page, None)
    if found is None or found.separator is not None:
        return None
    plausible = all(
        SHORTEST_HEADLINE <= len(text) <= LONGEST_HEADLINE and kind_of(text) in _PERHAPS_HEADLINES
        for text in headlines_in(found)
    )
    return Found(page, "text", found) if plausible else None


def rank(found: Found) -> float:
    """A key to sort by: the strip with more headlines, and the surer split, comes first."""
    return -len(headlines_in(found.split)) * found.split.confidence


def strip_lines(lines: list[str], separator: str | None) -> Iterator[Found]:
    """Lines that are a strip each."""
    fewest = FEWEST_SLOTS if separator is None else 2
    tried = 0
    for line in lines:
        if separator is None and not _may_be_strip(line):
            continue
        tried += 1
        if tried > MAX_LINES:
            return
        found = _attempt(line, separator)
        if not found or len(headlines_in(found)) < fewest:
            continue
        if separator is None and _may_be_prose(line, found):
            continue
        yield Found(line, "text", found)


def is_no_prose(found: Found, fewest: int = FEWEST_SLOTS) -> bool:
    """Whether a line among others reads like headlines, and each begins anew: what symbols cut out of prose does not.

    Symbols must part at least `fewest` headlines; wide gaps three, and so must those of a line that says all of them
    again, as strips that scroll without end do.
    """
    texts = headlines_in(found.split)
    between = found.split.separator
    if between is not None and (_is_of_prose(between, found.text) or _NARROW.fullmatch(between)):
        return False
    if between is not None and (not between.strip() or _is_repeated(found, texts)):
        fewest = FEWEST_SLOTS
    anew = sum(1 for text in texts if _begins_anew(text) and kind_of(text) not in PROSE)
    return len(texts) >= fewest and anew >= _NEARLY_ALL * len(texts) and reads_well(found)


def _is_of_prose(between: str, line: str) -> bool:
    """Whether a separator is one that prose has too; `###`, and » without the « of a quotation, are none."""
    sign = between.strip(EDGE)
    if len(sign) >= _TRIPLED or (sign == "»" and "«" not in line):
        return False
    return _PROSE_BETWEEN.search(between) is not None


def _is_repeated(found: Found, texts: list[str]) -> bool:
    return found.text.count(texts[0]) > 1 and all(found.text.count(text) > 1 for text in texts)


def _begins_anew(text: str) -> bool:
    """Whether a text begins and ends as a headline does: no small letter first, no comma or bracket at either end."""
    first = next(filter(str.isalnum, text), "")
    return not first.islower() and text[0] not in _INSIDE and text[-1] not in _OPEN


def _may_be_strip(line: str) -> bool:
    """Whether a line is long enough, and has anything that could stand between headlines."""
    if len(line) < SHORTEST_LINE:
        return False
    first = _MAY_SEPARATE.search(line)
    if first is not None and _MAY_SEPARATE.search(line, first.end()) is not None:
        return True
    bare = line.rstrip(" .")
    for sign in _MAY_TOO:  # most lines of a page come here, and `any` takes three times as long
        if sign in bare:
            return True
    if line.count(" - ") >= FEWEST_BETWEEN_DASHES - 1:
        return True
    return bool(openings(line).starts)


def _may_be_prose(line: str, found: Split) -> bool:
    """Whether a line among others could as well be a paragraph with asides between dashes."""
    sentences = sum(map(_ends_sentence, headlines_in(found)))
    if found.separator is None and sentences >= _SENTENCE_SHARE * len(found.slots):
        return True  # the numbered steps of a recipe
    dashed = found.separator is not None and found.separator.strip(EDGE) in _DASHES
    return dashed and (len(headlines_in(found)) < FEWEST_BETWEEN_DASHES or _ends_sentence(line))


def _ends_sentence(line: str) -> bool:
    return line.endswith(".") and not line.endswith("..")


def _strip_blocks(text: str, separator: str | None) -> Iterator[Found]:
    """Blocks of short lines that are a headline each, and no sentences."""
    fewest = FEWEST_SLOTS if separator is None else 2
    tight = re.split(r"\n[ \t]*\n\s*", text.strip(EDGE), maxsplit=MAX_BLOCKS)
    longest, count, listed_with_bullets = 0, 0, False
    for number, block in enumerate([*tight, text] if len(tight) > 1 else tight):
        whole = len(tight) > 1 and number == len(tight)
        lines = [line.strip(EDGE) for line in block.split("\n") if line.strip(EDGE)]
        alone = count == 1 and 2 * longest >= len(lines)
        if separator is None and whole and (alone or listed_with_bullets):
            return  # what stands around a list is none of its headlines
        if not fewest <= len(lines) <= MAX_SLOTS:
            continue
        if any(len(line) > LONGEST_HEADLINE for line in lines) or (
            separator is None and is_of_popular(lines[0])
        ):
            continue
        if separator is None and (all(map(_ROW.match, lines)) or is_transcript(lines)):
            continue
        bare = _without_bullets(_without_times(lines)) if separator is None else lines
        listed = block
        if separator is None:
            listed = _INDENTED.sub("", block) if bare is lines else "\n".join(bare)
        sentences = sum(map(_ends_sentence, lines))
        found = _attempt(listed, separator) if sentences < _SENTENCE_SHARE * len(lines) else None
        if found and len(headlines_in(found)) >= fewest and _is_by_lines(found, separator):
            strip = Found(listed, "text", found)
            if separator is not None or (reads_well(strip) and _has_headlines(found)):
                listed_with_bullets |= separator is None and _without_bullets(lines) is not lines
                longest, count = max(longest, len(lines)), count + 1
                yield strip


_INDENTED: Final = re.compile(r"^[ \t]+", re.MULTILINE)
_TIMED: Final = re.compile(r"([^\t|]{1,24}?)\s*[\t|]\s*(?=\S)")


def _without_times(lines: list[str]) -> list[str]:
    """Rows of a time and a headline without the times; the lines as they are where some are other rows."""
    rows = [_TIMED.match(line) for line in lines]
    timed = [row for row in rows if row and is_moment(row[1])]
    return [row.string[row.end() :] for row in timed] if len(timed) == len(lines) else lines


_BULLETED: Final = re.compile(rf"[-–—*•·»>+~‣{EMOJI}]\ufe0f?\s+(?=\S)")


def _without_bullets(lines: list[str]) -> list[str]:
    """Lines without the bullets that all begin with; the lines as they are where some begin with none."""
    bullets = [bullet for line in lines if (bullet := _BULLETED.match(line))]
    return [bullet.string[bullet.end() :] for bullet in bullets] if len(bullets) == len(lines) else lines


def _has_headlines(found: Split) -> bool:
    """Whether half of a block reads like headlines beyond doubt; three words and a sentence may be anything."""
    texts = headlines_in(found)
    return 2 * sum(1 for text in texts if kind_of(text) == "headlines") >= len(texts)


def _is_by_lines(found: Split, separator: str | None) -> bool:
    """Whether lines are the headlines of a block, and no symbol that one of them is parted by."""
    return separator is not None or found.separator is None or "\n" in found.separator


def _attempt(text: str, separator: str | None) -> Split | None:
    try:
        return tidied(split(text, separator))
    except SplitError:
        return None
