"""The command line, `ticker`: one module per command, each loaded when it is used."""

import logging
import os
import sys
from importlib import import_module
from typing import Final

import click

from streams import __version__
from streams.cli.logs import say_on_stderr, tell
from streams.cli.output import Commands, Formatter
from streams.cli.standard import discard_output, is_unwritten, reopen_closed
from streams.cli.terminal import guard_terminals
from streams.errors import SettingsError, TickerError, described, in_words

COMMANDS: Final[dict[str, str]] = {
    "run": "Pages and strips in, categorized headlines out, without a broker.",
    "split": "A page's strip into its slots: how the separator is found, or pinned.",
    "categorize": "The media topics of headlines; `categorize diff` compares two models or rules.",
    "compare": "How two headlines relate: duplicate, update or distinct, and by which rule.",
    "explain": "Why a headline was published or swallowed, and where else it was seen.",
    "correct": "Keep apart, join, file elsewhere or withdraw headlines, from now on.",
    "corrections": "What was corrected: list it, make test data of it.",
    "dev": "Broker, topics, worker, board and a producer that reads a local site, in one command.",
    "broker": "A real Kafka on this machine, for development and tests.",
    "topics": "Create the topics on a cluster, or check that they are as the contract says.",
    "schemas": "Push the events' schemas to a schema registry, or check one.",
    "produce": "Split strips and publish their sightings to Kafka.",
    "sources": "How the sources of sources.toml fare; try them, propose entries for a site.",
    "worker": "Deduplicate and categorize on Kafka, exactly once.",
    "tail": "Headlines as they are published, merged by time, filtered.",
    "serve": "The board, events and feeds: headlines for people without Kafka.",
    "consume-check": "Look at a consumer group from outside: lag, rebalances, isolation, what it misses.",
    "canary": "Send marked headlines through the whole path and measure their arrival.",
    "replay": "Run topics again elsewhere: planned, paced, exactly once, compared.",
    "deadletters": "What could not be processed: list, show, try again, redrive, export.",
    "bench": "Honest figures: the local engine, Kafka workers beside their competitors.",
}
"""Commands and their lines in `ticker --help`; the code is in `streams.cli.COMMAND`, with `_` for a hyphen."""


click.Context.formatter_class = Formatter
"""For every command, as click means it."""


class _ReaderGoneError(Exception):
    """Whoever read standard output has gone."""


class _Commands(Commands):
    """A group whose commands are imported when they run, so that `ticker` starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"streams.cli.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error  # click would end with status 1

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="ticker")
@click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback when something fails.")
def ticker() -> None:
    """Split news tickers into headlines, deduplicate and categorize them, publish them to Kafka.

    Start with `ticker run page.html`: the headlines of a page, without a broker.
    `ticker COMMAND --help` shows what a command does, with an example.
    """
    say_on_stderr()


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage or settings."""
    # Looked for here, because what fails may be the reading of the options.
    debug = "--debug" in sys.argv
    reopen_closed()
    guard_terminals()
    try:
        status = ticker.main(prog_name="ticker", standalone_mode=False)
        sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        status = 130
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (BrokenPipeError, _ReaderGoneError):
        # The reader (head, say) went away: that is how a pipe ends, not a failure.
        discard_output()
        status = 0
    except TickerError as error:
        if debug:
            raise
        tell(f"ticker: {error}", logging.ERROR)
        status = 2 if isinstance(error, SettingsError) else 1
    except Exception as error:
        if debug:
            raise
        tell(f"ticker: {_told(error)}", logging.ERROR)
        status = 1
    sys.exit(status)


def _told(error: Exception) -> str:
    """The message for an unexpected error."""
    if isinstance(error, OSError) and is_unwritten(error):
        discard_output()
        return f"standard output cannot be written: {error.strerror}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: cannot be used: {error.strerror}"
    from aiokafka.errors import KafkaError  # here, for most commands end without it

    if isinstance(error, KafkaError):
        return f"Kafka stopped answering: {in_words(error)}; run it again once it answers"
    return f"a fault of ours: {described(error)}; `ticker --debug COMMAND …` shows where"
