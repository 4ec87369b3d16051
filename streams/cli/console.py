"""The console for tables and progress bars: it escapes control characters in their text, and keeps rich's own."""

from collections.abc import Iterable

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from streams.cli.terminal import visible


class Console(RichConsole):
    """A rich console that escapes control characters in text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, with text escaped and rich's own control codes kept."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
