"""The errors that users meet. Each says what is wrong, where, and what to do about it."""


class TickerError(Exception):
    """Any failure that the pipeline can explain. Exit code 1 on the command line."""


class SettingsError(TickerError):
    """A setting that cannot be used: the program does not start. Exit code 2 on the command line."""


class FootingError(TickerError):
    """The cluster, or a topic, that a program started with is gone for good."""


class InputError(TickerError):
    """A file, page or record that cannot be read.

    `place` says where (a path, a path and line, or topic/partition/offset).
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class SplitError(InputError):
    """A text in which no strip, or no separator, can be found without guessing."""


class RecordError(TickerError):
    """A record that cannot be processed: it goes to the dead letters with this reason."""
