"""A validator of JSON Schema in each of four languages, none of them ours: how it is built, and what it counts.

A program reads lines of a type, a tab and an event, and writes one line: `{"valid": {type: n}, "invalid": {type: n}}`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

import schemas
from streams.dev import jars
from tests.validators.events import Line

SCHEMAS: Final = Path(schemas.__file__).parent / "json"
_PROGRAMS: Final = Path(__file__).parent / "programs"
_NETWORKNT: Final = "com.networknt:json-schema-validator:1.5.9"
_SECONDS: Final = 300


class MissingError(Exception):
    """What a validator needs is not on this machine."""


class Counts(Struct, frozen=True):
    """What a validator found, by type."""

    valid: Mapping[str, int]
    invalid: Mapping[str, int]


def python(_folder: Path) -> list[str]:
    """Jsonschema."""
    return [sys.executable, str(_PROGRAMS / "validate.py")]


def node(folder: Path) -> list[str]:
    """Ajv."""
    for name in ("package.json", "validate.cjs"):
        shutil.copy(_PROGRAMS / name, folder)
    _run([_found("npm"), "install", "--silent", "--no-audit", "--no-fund"], folder)
    return [_found("node"), str(folder / "validate.cjs")]


def java(folder: Path) -> list[str]:
    """networknt/json-schema-validator."""
    javac, running = _found("javac"), _found("java")
    maven = jars._maven(jars.default_cache() / "validators")
    try:
        inputs, transitive = maven.resolver.resolve([maven.create_dependency(_NETWORKNT)])
        needed = [*inputs, *(found for found in transitive if found.scope in {"compile", "runtime"})]
        jar_files = [str(Path(found.artifact.resolve())) for found in needed]
    except OSError as error:
        raise MissingError(f"what Maven should bring ({error})") from error
    class_path = os.pathsep.join([str(folder), *jar_files])
    _run([javac, "-cp", class_path, "-d", str(folder), str(_PROGRAMS / "Validate.java")], folder)
    return [running, "-Xmx512m", "-cp", class_path, "Validate"]


def go(folder: Path) -> list[str]:
    """santhosh-tekuri/jsonschema."""
    program = folder / "validate"
    _run([_found("go"), "build", "-o", str(program), "."], _PROGRAMS / "go")
    return [str(program)]


LANGUAGES: Final[Mapping[str, Callable[[Path], list[str]]]] = {
    "Python": python,
    "TypeScript": node,
    "Java": java,
    "Go": go,
}


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise MissingError(program)
    return found


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise MissingError(f"{' '.join(command[:2])}: {done.stdout}{done.stderr}")


def validated(
    commands: Mapping[str, Sequence[str]], lines: Iterable[Line], folder: Path
) -> dict[str, Counts]:
    """Let validators read the same events at the same time; by language, what each found. Logs go to the folder."""
    with ExitStack() as stack:
        running = {
            language: stack.enter_context(_started(command, folder / f"{language}.log"))
            for language, command in commands.items()
        }
        for kind, event in lines:
            line = kind.encode() + b"\t" + event + b"\n"
            for process in running.values():
                assert process.stdin is not None
                with suppress(BrokenPipeError):  # one that has ended says why below
                    process.stdin.write(line)
        return {
            language: _counts(process, folder / f"{language}.log") for language, process in running.items()
        }


def _started(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as said:
        return subprocess.Popen(
            [*command, str(SCHEMAS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )


def _counts(process: "subprocess.Popen[bytes]", log: Path) -> Counts:
    said, _ = process.communicate(timeout=_SECONDS)
    assert process.returncode == 0, log.read_text(errors="replace")[-2000:]
    found = json.loads(said)
    return Counts(found["valid"], found["invalid"])
