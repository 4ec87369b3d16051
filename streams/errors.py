"""The errors that users see. Each says what is wrong, where, and what to do about it."""


class TickerError(Exception):
    """Any expected failure. Exit code 1 on the command line."""


class SettingsError(TickerError):
    """A setting that cannot be used: the program does not start. Exit code 2 on the command line."""


class FootingError(TickerError):
    """The cluster, or a topic, was deleted or replaced while a program used it."""


class InputError(TickerError):
    """A file, page or record that cannot be read.

    `place` is a path, a path and line, or topic/partition/offset.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class SplitError(InputError):
    """A text in which no strip or no separator is found without guessing."""


class RecordError(TickerError):
    """A record that cannot be processed: it goes to the dead letters with this reason."""


def described(error: BaseException) -> str:
    """An error's class, and its message if it has one; some of aiokafka's and aiohttp's have none."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
