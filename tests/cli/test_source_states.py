"""`ticker sources`: how every source fares fits a narrow terminal, and says what would help."""

import pytest

from schemas.events import Pin, SourceState
from streams.cli.sources.states import print_states

_NOW = "2026-03-11T08:15:00.000Z"
_STATES = [
    SourceState(
        source="www.a-newspaper-with-a-very-long-name.example/breaking",
        state="misplaced",
        since=_NOW,
        held=True,
        detail="none of 12 headlines was shown before",
        last_visit=_NOW,
        last_change=_NOW,
        rhythm=5400.0,
        unchanged=1.0,
        failed=1.0,
        pin=Pin(selector="div.latest-strip", evidence="9 of its 12 headlines were shown before"),
    ),
    SourceState(source="الأخبار", state="well", since=_NOW, last_visit=_NOW),
    SourceState(source="new\x1b[31m", state="learning", since=_NOW, last_visit=_NOW),
]


def test_all_sources_fit_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every column is whole but for the name; nothing of a source reaches the terminal as a command."""
    monkeypatch.setenv("COLUMNS", "80")
    print_states(_STATES)
    shown = capsys.readouterr().out
    table = shown.partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80 + 4  # marks of direction have no width
    assert "misplaced held" in table[1]
    assert "1 h" in table[1] or "90 min" in table[1]
    assert table[1].count("100%") == 2
    assert "\x1b[31m" not in shown
    assert "selector = 'div.latest-strip'" in shown
    assert "9 of its 12 headlines were shown before" in shown
