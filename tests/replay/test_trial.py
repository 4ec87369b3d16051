"""What a folder remembers of a try: whether one that was killed can be gone on with."""

from streams.process.categorize.rules import parse_rules
from streams.replay.trial import State, build_of, overtaken


def test_a_try_is_of_one_build_and_one_window() -> None:
    """Another program, model or rule, and another window, are told; the same ones are gone on with."""
    rules = parse_rules(b'[topics.harbours]\nwords = ["harbour"]\n', "rules.toml")
    build = build_of(())
    assert build_of(rules) != build
    begun = State(replay="look", build=build, asked="since 24h")
    assert overtaken(begun, build=build, asked="since 24h") is None
    assert "another build" in str(overtaken(begun, build=build_of(rules), asked="since 24h"))
    assert "asked for now is since 2h" in str(overtaken(begun, build=build, asked="since 2h"))
    assert "another build" in str(overtaken(State(replay="look"), build=build, asked=""))
