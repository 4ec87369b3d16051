"""The console that tables and progress bars are drawn on: the text in them is visible, the colours are ours."""

from collections.abc import Iterable

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from streams.cli.terminal import visible


class Console(RichConsole):
    """A console of rich in whose text a terminal finds nothing to obey."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable: text as it can be seen, and what rich itself makes for the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
