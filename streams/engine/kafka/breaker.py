"""The circuit breaker: stops a worker that would drain a topic into the dead letters."""

from streams.errors import TickerError


class BreakerError(TickerError):
    """Too many records became dead letters: the code or the input as a whole is at fault, not single records."""


class Breaker:
    """Watches the dead letters of one stage on one partition.

    Args:
        share: The largest share of dead letters allowed in a window: 0.5 is every other record.
        window: The fewest records in a window. It ends with the transaction in which it reaches this number.
        run: The most dead letters allowed in a row, counted over transactions that had nothing else.
    """

    def __init__(self, *, share: float = 0.5, window: int = 2_000, run: int = 500) -> None:
        self._share = share
        self._window = window
        self._run_limit = run
        self._records = self._dead_letters = self._run = 0

    def check(self, records: int, dead_letters: int) -> None:
        """Count the records of a transaction before it is committed.

        Raises:
            BreakerError: A limit is passed; the transaction must not be committed.
        """
        self._run = self._run + dead_letters if dead_letters == records else 0
        self._records += records
        self._dead_letters += dead_letters
        if self._run > self._run_limit:
            raise BreakerError(
                f"the last {self._run:,} records all became dead letters (limit {self._run_limit:,});"
                " mend the producer or the worker, then start again: nothing is lost"
            )
        if self._records >= self._window:
            if self._dead_letters > self._share * self._records:
                raise BreakerError(
                    f"{self._dead_letters:,} of the last {self._records:,} records became dead letters"
                    f" (limit {self._share:.0%}); mend the producer or the worker, then start again:"
                    " nothing is lost"
                )
            self._records = self._dead_letters = 0
