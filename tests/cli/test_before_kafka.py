"""What can be checked without a broker is checked before one is waited for: the user reads of the mistake at once."""

import logging
import re
from pathlib import Path

import click
import pytest

from streams.cli import ticker
from streams.errors import TickerError

PLAN = ("replay", "plan", "sightings", "--to-topic-prefix", "look")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Kafka anywhere, and a folder with a page."""
    monkeypatch.setenv("TICKER_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("TICKER_PATIENCE", "0")
    monkeypatch.chdir(tmp_path)
    Path("page.html").write_text("<ul class=ticker><li>Rain today<li>Sun tomorrow</ul>")


def told(*arguments: str) -> str:
    """The message with which a command ends."""
    with pytest.raises((click.ClickException, TickerError, OSError)) as error:
        ticker.main(list(arguments), prog_name="ticker", standalone_mode=False)
    problem = error.value
    return problem.format_message() if isinstance(problem, click.ClickException) else str(problem)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("produce", "page.html", "nosuch.html"), r"nosuch\.html: there is no such file or folder"),
        (("produce", "page.html", "--selector", "<<"), "'<<' is not CSS"),
        (
            ("produce", "page.html", "--separator", "=" * 41),
            "a separator has at most 40 characters, this one 41",
        ),
        (("produce", "page.html", "--source", " "), "--source: source: empty; allowed: 1 to 200"),
        (("produce", "x" * 300), "name too long"),
        (
            ("tail", "--bootstrap-servers", "kafka..example:9092"),
            "'kafka..example:9092' of --bootstrap-servers",
        ),
        (("tail", "--bootstrap-servers", f"{'x' * 64}.example:9092"), "is not allowed; allowed: host:port"),
        (("replay", "aply"), r"No such command 'aply'\. Did you mean apply\?"),
        (("topcis",), r"No such command 'topcis'\. Did you mean topics\?"),
        (
            ("produce", "--follow", "strips.jsonl", "--position", "nowhere/position"),
            "there is no folder nowhere",
        ),
        (("sources", "check"), r"there is no sources\.toml; `ticker sources add ADDRESS` proposes"),
        (("correct", "recategorize", "A match", "sprot", "--why", "a test"), r"did you mean sport\?"),
        (("replay", "diff", "-", "-"), "standard input is A or B, not both"),
        (("tail", "Sport!"), r"'Sport!' is no category: did you mean sport\?"),
        (("tail", "الرياضة"), r"is no category: did you mean sport\?"),
        (("correct", "recategorize", "A storm", "Météo", "--why", "a test"), r"did you mean weather\?"),
        (("tail", "--language", "arabic"), "'arabic' is none of a headline's: there are ar, el, en, fr,"),
        (
            ("replay", "plan", "sightngs"),
            r"no topic of the pipeline: did you mean sightings\?; there are canary",
        ),
        (("tail", "--since", "2h", "--until", "3h"), "--since 2h is not before --until 3h"),
        (("explain", ""), "the headline is empty"),
        (("correct", "withdraw", " ", "--why", "a test"), "a headline is empty"),
        (("correct", "split", "A town", "A city", "--why", ""), "it is empty; give the reason"),
        (("correct", "undo", "yesterday", "--why", "a test"), "'yesterday' is no correction's id"),
        (("deadletters", "show", "17"), "'17' is no place of a dead letter: give PARTITION/OFFSET"),
        (("deadletters", "export", "nowhere/letters.jsonl"), "cannot be written: there is no folder nowhere"),
        (("deadletters", "export", "."), "cannot be written: it is a folder"),
        (("topics", "wait", "worker", "--rules", "nosuch.toml"), r"nosuch\.toml: cannot be read"),
        ((*PLAN, "--speed", "fast"), "speed 'fast': give 1x"),
        ((*PLAN, "--text", "("), r"--text '\(' is no regular expression"),
        ((*PLAN, "--id", "A B"), "--id 'A B': give up to 40 small letters"),
        ((*PLAN, "--since", "2h", "--until", "3h"), "no record is between them"),
        (
            (*PLAN, "--accept", "retenton"),
            r"'retenton': no check is accepted by that name: did you mean retention\? There are cleanup, clock, ",
        ),
        (
            ("replay", "try", "sightings", "--accept", "exists"),
            "'exists': no check .* there are cleanup, clock,",
        ),
        ((*PLAN, "--accept", "production"), r"did you mean production:CLUSTER_ID\?"),
        ((*PLAN, "--group", "desk"), "--group is a group that --max-lag waits for"),
        ((*PLAN, "-o", "nowhere/plan.json"), "cannot be written: there is no folder nowhere"),
        (("replay", "clean", "day.jsn"), r"'day\.jsn': there is no such plan, and no replay has such an id"),
        (("replay", "status", "day.jsn"), r"'day\.jsn': there is no such plan, and no replay has such an id"),
        (("replay", "speed", "3f2a9c1e", "fast"), "speed 'fast': give 1x"),
        (("replay", "diff", "old.jsonl", "new.jsonl"), r"old\.jsonl: there is no such file"),
        (("replay", "try", "sightings", "--old-build", "no/ticker"), "there is no no/ticker: give the path"),
        (("consume-check", "--group", ""), "--group is empty"),
        (("serve", "--certfile", "page.html", "--listen", "127.0.0.1:0"), "it must be PEM"),
        (("worker", "--instance-id", "a b"), "allowed: 1 to 200 letters, digits"),
        (("worker", "--patience", "9"), "ticker worker waits for Kafka however long; leave out --patience"),
        (("topics", "wait", "serve", "--patience", "9"), "waits for Kafka however long"),
        (("topics", "wait", "serve", "--rules", "topics.toml"), "--rules is for `wait worker`"),
        (("produce", "page.html", "--position", "position"), "give that too"),
        (("produce", "--follow", "strips.jsonl", "--source", "desk"), "leave out --source"),
        (("serve", "--local", "page.html", "--webhooks", "page.html"), "leave it out with --local"),
        (("canary", "--json"), "--json is for --once"),
        (("canary", "--once", "--listen", "127.0.0.1:0"), "--once serves no metrics"),
        (("deadletters", "list", "--stage", "dedup"), "'dedup' is not one of 'produce'"),
    ],
)
def test_a_mistake_is_told_before_kafka_is_waited_for(arguments: tuple[str, ...], message: str) -> None:
    """The message is about the mistake, not about a broker that does not answer."""
    assert re.search(message, told(*arguments))


def test_a_category_that_may_be_mistyped_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A user's own topic is known to the cluster alone, so it goes on; the likely mistake is said meanwhile."""
    with caplog.at_level(logging.INFO):
        assert "no Kafka broker answers" in told("tail", "sprot", "sport")
    assert [record.getMessage() for record in caplog.records if "no category" in record.getMessage()] == [
        "'sprot' is no category that all have, but may be a topic of your own: did you mean sport?"
    ]
