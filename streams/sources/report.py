"""Renders the requests to a host as a page for its owner (Markdown)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from streams.sources.journal import Day, Pause


def report(days: Sequence[Day], pauses: Sequence[Pause], *, host: str | None, contact: str) -> str:
    """The page about one host, or the pages of all hosts; empty if no request was sent.

    Args:
        days: The days of all hosts.
        pauses: The pauses of all hosts.
        host: The host; None for all.
        contact: The contact address of the crawler; empty if unknown.
    """
    by_host: defaultdict[str, list[Day]] = defaultdict(list)
    for day in days:
        if host is None or day.host == host:
            by_host[day.host].append(day)
    asked_for = [(name, [pause for pause in pauses if pause.host == name]) for name in sorted(by_host)]
    return "\n".join(_page(name, by_host[name], kept, contact) for name, kept in asked_for)


def _page(host: str, days: list[Day], pauses: list[Pause], contact: str) -> str:
    days.sort(key=lambda day: day.day)
    visits, requests = sum(day.visits for day in days), sum(day.requests for day in days)
    unchanged, size = sum(day.unchanged for day in days), sum(day.bytes for day in days)
    smallest = min((day.distance for day in days if day.distance is not None), default=None)
    robots = next((day.robots for day in reversed(days) if day.robots), "not asked for yet").replace(
        "|", "\\|"
    )
    kept = sum(pause.is_kept for pause in pauses)
    lines = [
        f"# What headline-ticker asked of {host}",
        "",
        f"From {_date(days[0].day)} to {_date(days[-1].day)} (UTC)."
        + (f" Whoever wants to say something about it reaches us at {contact}." if contact else ""),
        "",
        "| | |",
        "|---|---|",
        f"| requests, redirects and robots.txt included | {requests:,} |",
        f"| visits that brought nothing else (304, or the same bytes) | {unchanged / visits:.0%} of {visits:,} |",
        f"| bytes received | {size:,} |",
        f"| smallest distance between two requests | {'-' if smallest is None else f'{smallest:.1f} s'} |",
        f"| robots.txt | {robots} |",
        f"| Retry-After | {f'kept {kept} of {len(pauses)} times' if pauses else 'never asked for'} |",
        "",
        "| day | requests | visits | nothing else | failed | bytes | smallest distance |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {_date(day.day)} | {day.requests:,} | {day.visits:,} | {day.unchanged:,} | {day.failed:,} | {day.bytes:,}"
        f" | {'-' if day.distance is None else f'{day.distance:.1f} s'} |"
        for day in days
    ]
    lines += ["", *(_asked(pause) for pause in pauses)]
    return "\n".join(lines).rstrip() + "\n"


def _asked(pause: Pause) -> str:
    again = "not asked again yet" if pause.next_at is None else f"asked again at {_moment(pause.next_at)}"
    return f"- {_moment(pause.at)}: asked to be left alone for {pause.seconds:.0f} s; {again}"


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
