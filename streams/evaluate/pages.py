"""Measure the extraction of headlines from pages: `python -m streams.evaluate pages [--page NAME]`.

A set has pages, each with the headlines that a careful editor would read in it, or with a refusal. Our own sets are in
this package, in short form: `[[en:<li>{h}</li>]]` is expanded to its text once for each headline of that language. The
pages of a folder of reported faults are evaluated too, if present.
"""

import argparse
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.errors import InputError
from streams.produce.decode import decode
from streams.produce.extract import find_strips

FAULTS: Final = Path("../shared/faults")
OWN_SETS: Final = ("first", "second", "third", "fourth", "fifth")
_DATA: Final = files("streams.evaluate") / "data"
_EACH: Final = re.compile(r"\[\[(en|fr|ar)(\d)?(?:-(\d))?(,?):(.*?)\]\]", re.DOTALL)
_ONE: Final = re.compile(r"\{(en|fr|ar)(\d)\}")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u061c\u2060\ufeff]")

Expected = list[str | list[str]] | Literal["refuse"]


class Page(Struct, frozen=True):
    """A page and the right result: the headlines in order, several alternatives of these, or `refuse`."""

    file: str
    kind: str
    note: str
    expect: Expected
    accept_refusal: bool = False
    command: str = "split"
    content: bytes = b""


def own_pages(name: str) -> Iterator[Page]:
    """The pages of one of our sets, each inserted into the surrounding page that it names."""
    headlines = json.loads((_DATA / "pages-headlines.json").read_text("utf-8"))
    shells = {head[0]: body for head, body in _sections("pages-shells.txt")}
    for number, (head, body) in enumerate(_sections(f"pages-{name}.txt"), start=1):
        kind, shell, expect, *note = head
        page = shells[shell.removeprefix("shell=")].replace("{page}", _written_out(body, headlines))
        wanted = expect.removeprefix("expect=")
        yield Page(
            file=f"{name}-{number:02}",
            kind=kind,
            note=" ".join(note),
            expect="refuse" if wanted == "refuse" else _wanted(wanted, headlines),
            content=page.encode(),
        )


def _sections(name: str) -> Iterator[tuple[list[str], str]]:
    for section in (_DATA / name).read_text("utf-8").split("=== ")[1:]:
        head, _, body = section.partition("\n")
        yield head.split(), body


def _wanted(name: str, headlines: dict[str, list[str]]) -> list[str | list[str]]:
    """The expected headlines: `en` means all headlines of a language, `en2` the first two."""
    count = int(name[2:] or len(headlines[name[:2]]))
    return list(headlines[name[:2]][:count])


def _written_out(body: str, headlines: dict[str, list[str]]) -> str:
    def each(match: re.Match[str]) -> str:
        language, first, last, comma, text = match.groups()
        chosen = list(enumerate(headlines[language], start=1))
        if first:
            chosen = chosen[int(first) - 1 : int(last or first)]
        between = "," if comma else ""
        return between.join(
            text.replace("{h}", headline).replace("{i}", str(number)).replace("{n}", str(7 * number + 3))
            for number, headline in chosen
        )

    return _ONE.sub(lambda match: headlines[match[1]][int(match[2]) - 1], _EACH.sub(each, body))


def reported_pages(folder: Path) -> Iterator[Page]:
    """The pages of a folder of reported faults: `pages.jsonl` and the files that it names."""
    decoder = msgspec.json.Decoder(Page)
    for line in (folder / "pages.jsonl").read_bytes().splitlines():
        page = decoder.decode(line)
        yield msgspec.structs.replace(page, content=(folder / "pages" / page.file).read_bytes())


def headlines_of(page: Page) -> list[str] | Literal["refuse"]:
    """The headlines extracted from a page, without empty slots."""
    try:
        found = find_strips(decode(page.content, page.file), page.file)[0]
    except InputError:
        return "refuse"
    texts = [slot.text for slot in found.split.slots if slot.text]
    return list(dict.fromkeys(texts)) if page.command == "run" else texts


def is_right(page: Page, read: list[str] | Literal["refuse"]) -> bool:
    """Whether the extracted headlines are right."""
    if read == "refuse" or page.expect == "refuse":
        return read == page.expect or (read == "refuse" and page.accept_refusal)
    if len(read) != len(page.expect):
        return False
    pairs = zip(read, page.expect, strict=True)
    return all(
        _plain(text) in ([_plain(expected)] if isinstance(expected, str) else map(_plain, expected))
        for text, expected in pairs
    )


def _plain(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def wrong(pages: Iterable[Page]) -> tuple[Counter[str], Counter[str], list[tuple[Page, list[str] | str]]]:
    """For each kind of page the number of pages and of right results, and the wrong results."""
    of_kind: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wrongly: list[tuple[Page, list[str] | str]] = []
    for page in pages:
        read = headlines_of(page)
        of_kind[page.kind] += 1
        if is_right(page, read):
            right[page.kind] += 1
        else:
            wrongly.append((page, read))
    return of_kind, right, wrongly


def main(arguments: Sequence[str]) -> None:
    """Print the number of right results by set and kind, and the wrong ones."""
    parser = argparse.ArgumentParser(prog="python -m streams.evaluate pages", description=main.__doc__)
    parser.add_argument("--verbose", action="store_true", help="what was read in each page that is wrong")
    options = parser.parse_args(arguments)
    sets = {name: list(own_pages(name)) for name in OWN_SETS}
    if (FAULTS / "pages.jsonl").exists():
        sets["reported"] = list(reported_pages(FAULTS))
    for name, pages in sets.items():
        of_kind, right, wrongly = wrong(pages)
        print(f"pages, {name} set: {right.total()} of {of_kind.total()} right")
        print("  " + ", ".join(f"{kind} {right[kind]}/{of_kind[kind]}" for kind in sorted(of_kind)))
        for page, read in wrongly:
            print(f"  wrong: {page.file} {page.kind} {page.note}")
            if options.verbose:
                print(f"    read {read}")
