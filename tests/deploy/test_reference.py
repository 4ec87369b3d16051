"""The generated pages of docs/ say what the code says."""

from deploy.reference import DOCS, metrics_page, settings_page


def test_the_table_of_settings_is_generated() -> None:
    """docs/settings.md has every setting; `make deployment` writes it."""
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page()


def test_the_table_of_metrics_is_generated() -> None:
    """docs/metrics.md has every metric; `make deployment` writes it."""
    assert (DOCS / "metrics.md").read_text(encoding="utf-8") == metrics_page()
