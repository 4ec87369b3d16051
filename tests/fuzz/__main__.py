"""`make fuzz`: bytes made from good inputs by cutting, flipping, repeating and joining go into all that reads.

python -m tests.fuzz --inputs 10_000_000      # hours; --seconds 60 for a minute
"""

import logging
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from tests.fuzz.targets import targets, temporary

_PIECES = (
    *(
        b"\x00",
        b"\xff",
        b"\x1b[2J",
        b"\xd8\x00",
        b'"',
        b"{",
        b"[" * 500,
        b"9" * 5000,
        b"null",
        b"-1",
        b"1e999",
    ),
    *(
        b"\\ud800",
        b"9999-12-31T23:59:59.999Z",
        "ـ\u200f\u202e\u0600".encode(),
        b"<script>",
        b"&#0;",
        b"&#x110000;",
    ),
    *(b"\n", b"|", b"a" * 3000),
)


def mutated(seeds: Sequence[bytes], chosen: random.Random) -> bytes:
    """A few changes to a good input, or to two."""
    data = bytearray(chosen.choice(seeds))
    for _ in range(chosen.choice((1, 1, 2, 3, 8))):
        at = chosen.randrange(len(data) + 1)
        match chosen.randrange(6):
            case 0:
                del data[at : at + chosen.randrange(1, 40)]
            case 1 if data:
                data[at % len(data)] ^= 1 << chosen.randrange(8)
            case 2:
                data[at:at] = chosen.choice(_PIECES)
            case 3:
                data[at:at] = data[at : at + chosen.randrange(1, 60)]
            case 4:
                other = chosen.choice(seeds)
                data[at:] = other[chosen.randrange(len(other) + 1) :]
            case _:
                data[at : at + 1] = chosen.randbytes(chosen.randrange(1, 6))
    return bytes(data)


@click.command()
@click.option("--inputs", default=10_000_000, show_default=True, help="How many in all.")
@click.option("--seconds", default=float("inf"), help="Stop after so long.")
@click.option("--seed", default=0, show_default=True, help="Decides them all.")
def command(inputs: int, seconds: float, seed: int) -> None:
    """Fuzz everything that reads from outside; exit code 1 and the input where anything else is raised."""
    chosen = random.Random(seed)
    counts: Counter[str] = Counter()
    faults: dict[tuple[str, str], bytes] = {}
    deadline = time.monotonic() + seconds
    logging.disable()  # what is told of each broken file is not looked at here
    try:
        with temporary() as folder:
            fuzzed = targets(Path(folder))
            while counts.total() < inputs and time.monotonic() < deadline:
                for name, (target, seeds, times) in fuzzed.items():
                    for _ in range(times):
                        data = mutated(seeds, chosen)
                        counts[name] += 1
                        try:
                            target(data)
                        except Exception as error:  # noqa: BLE001 (that is what is looked for)
                            place = traceback.extract_tb(error.__traceback__)[-1]
                            if faults.setdefault((name, f"{place.filename}:{place.lineno}"), data) is data:
                                click.echo(f"{name}: {data[:2000]!r}\n{traceback.format_exc()}", err=True)
    finally:
        logging.disable(logging.NOTSET)
    said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    click.echo(f"{counts.total():,} inputs, {len(faults)} faults: {said}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    command()
