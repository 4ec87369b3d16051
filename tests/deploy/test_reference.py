"""The generated pages of docs/ say what the code says."""

import re
from pathlib import Path

import streams
from deploy.reference import DOCS, metrics, metrics_page, settings_page


def test_the_table_of_settings_is_generated() -> None:
    """docs/settings.md has every setting; `make deployment` writes it."""
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()


def test_the_table_of_metrics_is_generated() -> None:
    """docs/metrics.md has every metric; `make deployment` writes it."""
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == metrics_page()


def test_every_metric_is_in_the_table() -> None:
    """A program that measures something new tells the table, or its page would not have it."""
    sources = Path(streams.__path__[0]).rglob("*.py")
    declared = [
        name for path in sources for name in re.findall(r'name="(ticker_\w+)"', path.read_text("utf-8"))
    ]
    assert sorted(declared) == sorted(metric.name for metric in metrics())


def test_what_the_guide_for_contributors_names_is_there() -> None:
    """A file or folder that moved takes its mention along."""
    text = (DOCS.parent / "CONTRIBUTING.md").read_text("utf-8")
    named = re.findall(r"`((?:schemas|streams|tests|deploy|docs)/[\w./]*)`", text)
    assert len(named) > 20
    assert [path for path in named if not (DOCS.parent / path).exists()] == []
