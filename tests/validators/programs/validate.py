"""Validate events by jsonschema: reads `type TAB event` lines, writes how many were valid and which were not."""

import json
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

CHECKER = FormatChecker()


@CHECKER.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    """Whether a text is a time; jsonschema checks that only with another package."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def main(folder: Path) -> None:
    """Validate standard input against the schemas in a folder."""
    validators: dict[str, Any] = {}
    valid: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    for number, line in enumerate(sys.stdin.buffer, 1):
        name, _, event = line.decode().partition("\t")
        if name not in validators:
            schema = json.loads((folder / f"{name}.schema.json").read_bytes())
            validators[name] = Draft202012Validator(schema, format_checker=CHECKER)
        if validators[name].is_valid(json.loads(event)):
            valid[name] += 1
        else:
            invalid[name] += 1
            print(f"line {number}: {event.strip()}", file=sys.stderr)
    print(json.dumps({"valid": valid, "invalid": invalid}))


main(Path(sys.argv[1]))
