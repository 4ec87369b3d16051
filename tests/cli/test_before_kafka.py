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
        (("deadletters", "list", "--stage", "dedup"), "'dedup' is not one of 'produce'"),
    ],
)
def test_a_mistake_is_told_before_kafka_is_waited_for(arguments: tuple[str, ...], message: str) -> None:
    """The message is about the mistake, not about a broker that does not answer."""
    assert re.search(message, told(*arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("produce", "page.html", "--position", "position"), "give that too"),
        (("produce", "--follow", "strips.jsonl", "--source", "desk"), "leave out --source"),
        (("produce", "--follow", "strips.jsonl", "--selector", "li"), "leave out --selector"),
        (("produce", "page.html", "--rate", "5"), "--rate is of strips that are posted .* give --listen"),
        (("produce", "-", "--rate", "5", "--listen", "127.0.0.1:0"), "and set TICKER_PRODUCE_TOKEN"),
        (("produce", "page.html", "--spool-limit", "64"), "--spool-limit is of the spool.* give --spool"),
        (("produce", "page.html", "--distance", "1"), "--distance is of sources that are visited"),
        (("produce", "-", "--state", "state"), "--state is of sources .* give --sources and no files"),
        (("produce", "page.html", "--log-format", "json"), "--log-format is of a producer that goes on"),
        (("serve", "--local", "page.html", "--webhooks", "page.html"), "leave it out with --local"),
        (("serve", "--local", "page.html", "--topic-prefix", "desk"), "--topic-prefix is for headlines from"),
        (("serve", "--local", "page.html", "--state", "state"), "--state is for headlines from Kafka"),
        (("canary", "--json"), "--json is for --once"),
        (("canary", "--once", "--listen", "127.0.0.1:0"), "--once serves no metrics"),
        (("canary", "--once", "--log-format", "json"), "leave it out with --once"),
        (("run", "page.html", "--taught", "now"), "--taught is of the taught topics that --rules names"),
        (("worker", "--taught", "now"), "--taught is of .* give that too"),
        (("replay", "try", "sightings", "--taught", "now"), "--taught is of .* give that too"),
        (("replay", "try", "sightings", "--keep", "--abandon"), "--keep leaves what --abandon removes"),
        (
            ("worker", "--registry", "http://a.example", "--dataschema", "http://a.example/{type}"),
            "--registry says .* leave one out",
        ),
        (
            ("schemas", "push", "--registry", "http://127.0.0.1:1", "--cafile", "page.html"),
            "--cafile is for a registry with https",
        ),
        (("categorize", "page.html", "--source", "desk"), "--source is for rules .* give --rules too"),
        (("explain", "Rain today", "--run", "page.html", "--patience", "1"), "--patience is of a cluster"),
        (("tail", "--follow", "--until", "2h"), "--follow waits for more, and --until ends"),
        (("topics", "wait", "serve", "--rules", "topics.toml"), "--rules is for `wait worker`"),
        (
            ("topics", "shadow", "a.taught.json", "page.html", "--follow"),
            "--follow is for headlines on Kafka",
        ),
        (
            ("topics", "shadow", "a.taught.json", "--rules", "topics.toml"),
            "--rules is for headlines of files",
        ),
        ((*PLAN, "--group", "desk"), "--group is a group that --max-lag waits for"),
        (("replay", "diff", "day.json", "--markdown", "--json"), "--json and --markdown exclude each other"),
        (("replay", "diff", "desk", "page.html", "--to-topic-prefix", "a"), "--to-topic-prefix is of B's"),
        (("replay", "diff", "-", "page.html", "--patience", "1"), "--patience is of a cluster, and both"),
        (("split", "page.html", "--all", "--selector", "li"), "leave --selector out"),
    ],
)
def test_an_option_without_effect_is_refused(arguments: tuple[str, ...], message: str) -> None:
    """Whoever typed it believes that it does something: it is said what it needs, and nothing starts."""
    with pytest.raises(click.UsageError) as error:
        ticker.main(list(arguments), prog_name="ticker", standalone_mode=False)
    assert re.search(message, error.value.format_message())
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "later"),
    [
        (("produce", "nosuch.html", "--spool", "spool", "--spool-limit", "64"), "there is no such file"),
        (("produce", "--sources", "nosuch.toml", "--distance", "1", "--spool-limit", "64"), r"nosuch\.toml"),
        (("produce", "--follow", "a", "--position", "no/a", "--log-format", "json"), "there is no folder no"),
        (("tail", "--no-follow", "--until", "2h"), "no Kafka broker answers"),
        (
            ("replay", "diff", "old.jsonl", "new.jsonl", "--patience", "1"),
            r"old\.jsonl: there is no such file",
        ),
    ],
)
def test_an_option_that_has_its_effect_is_taken(arguments: tuple[str, ...], later: str) -> None:
    """What is refused in one combination is fine in another: the command fails later, for another reason."""
    assert re.search(later, told(*arguments))


def test_what_is_set_for_all_commands_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable or a settings file serves several commands, so that each takes what it needs of them."""
    monkeypatch.setenv("TICKER_PRODUCE_RATE", "5")
    monkeypatch.setenv("TICKER_TAUGHT", "now")
    Path("ticker.toml").write_text("[sources]\ndistance = 1\n")
    assert "there is no such file" in told("produce", "nosuch.html")


def test_a_category_that_may_be_mistyped_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """A user's own topic is known to the cluster alone, so it goes on; the likely mistake is said meanwhile."""
    with caplog.at_level(logging.INFO):
        assert "no Kafka broker answers" in told("tail", "sprot", "sport")
    assert [record.getMessage() for record in caplog.records if "no category" in record.getMessage()] == [
        "'sprot' is no category that all have, but may be a topic of your own: did you mean sport?"
    ]
