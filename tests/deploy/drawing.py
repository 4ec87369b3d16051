"""Draws a dashboard's JSON as Grafana would, in a real browser and on a real Prometheus, for tests and for the docs.

No Grafana server takes part: `view/` lays panels out with `@grafana/ui` and `@grafana/data` of the oldest Grafana that
the dashboards are for, which are Apache-2.0 where the server is not. Only what our dashboards use can be drawn;
anything else is an error, so that a panel of a new kind is not silently left out.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import Struct
from playwright.sync_api import Browser, Page, Route

from tests.deploy.support import tool
from tests.deploy.watched import Prometheus

DESK: Final = 1440
PHONE: Final = 390
"""Widths in CSS pixels."""
_VIEW: Final = Path(__file__).parent / "view"
_SECONDS: Final = 300
_BUNDLE: Final = (
    *("view.jsx", "--bundle", "--outfile=view.js", "--format=iife", "--minify", "--log-level=error"),
    *("--jsx=automatic", "--loader:.svg=dataurl", "--loader:.ttf=empty"),
    "--alias:react-custom-scrollbars-2=./scrollbars.js",
    '--define:process.env.NODE_ENV="production"',
)


_CUT: Final = """panel => [...panel.querySelectorAll('[role="cell"], [role="columnheader"]')].filter(cell => {
  const own = cell.getBoundingClientRect(), walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = document.createRange();
    text.selectNodeContents(walker.currentNode);
    const its = text.getBoundingClientRect();
    if (its.left < own.left - 1 || its.right > own.right + 1) return true;
  }
  return false;
}).map(cell => cell.innerText)"""
"""Of a panel, the texts of its tables that are wider than their cells: a title, a name, or a number on its left."""


class Drawn(Struct, frozen=True):
    """What became of a panel: `state` is ok, empty or error; links are titles with their addresses."""

    title: str
    state: str
    text: str
    error: str | None
    cut: Sequence[str]
    """What its tables do not show whole."""
    links: Sequence[str]


def built() -> Path:
    """A folder with the view in one script; what npm fetches for it (half a minute, once) stays in the user's cache."""
    npm, wanted = tool("npm"), (_VIEW / "package.json").read_bytes()
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headline-ticker"
    folder = caches / f"dashboards-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not (folder / "node_modules").exists():
        making = folder.with_suffix(f".{os.getpid()}")
        making.mkdir(parents=True)
        (making / "package.json").write_bytes(wanted)
        # --legacy-peer-deps: several of the packages ask for a React of another year.
        command = [
            npm,
            "install",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--legacy-peer-deps",
        ]
        if subprocess.run(command, cwd=making, timeout=_SECONDS, check=False).returncode:
            shutil.rmtree(making)
            if os.environ.get("CI") == "true":
                pytest.fail("npm cannot fetch what tests/deploy/view/package.json names")
            pytest.skip("npm cannot fetch what tests/deploy/view/package.json names")
        if not folder.exists():
            making.rename(folder)
    for file in _VIEW.iterdir():
        shutil.copy(file, folder)
    command = [str(folder / "node_modules/.bin/esbuild"), *_BUNDLE]
    done = subprocess.run(command, cwd=folder, timeout=_SECONDS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def draw(
    browser: Browser,
    folder: Path,
    prometheus: Prometheus,
    board: Path,
    *,
    width: int,
    seconds: int,
    picture: Path,
) -> list[Drawn]:
    """Draw the newest `seconds` of a dashboard's file and take a picture of the whole of it."""
    dashboard = json.loads(board.read_text(encoding="utf-8"))
    page = browser.new_page(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    try:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        # Below Prometheus' own address: a page from elsewhere may not ask a program of this machine.
        page.route(f"{prometheus.address}/drawn/**", _answer(folder))
        page.goto(f"{prometheus.address}/drawn/view.html")
        now = int(time.time() * 1000)
        options: dict[str, Any] = {"prometheus": prometheus.address, "scrape": prometheus.scrape}
        options |= {"from": now - seconds * 1000, "to": now}
        bottom = page.evaluate("([dashboard, options]) => draw(dashboard, options)", [dashboard, options])
        panels = sum(
            1 + len(panel.get("panels", [])) for panel in dashboard["panels"] if panel["type"] == "row"
        )
        panels += sum(panel["type"] != "row" for panel in dashboard["panels"])
        page.locator(f"main > :nth-child({panels})").wait_for(state="attached")
        page.set_viewport_size({"width": width, "height": int(bottom) + 150})
        page.wait_for_load_state("networkidle")
        _take(page, picture)
        assert problems == []
        return [
            Drawn(
                title=panel.get_attribute("data-title") or "",
                state=panel.get_attribute("data-state") or "",
                text=panel.inner_text(),
                error=panel.get_attribute("data-error"),
                cut=panel.evaluate(_CUT),
                links=json.loads(panel.get_attribute("data-links") or "[]"),
            )
            for panel in page.locator(".panel").all()
        ]
    finally:
        page.close()


def _take(page: Page, picture: Path) -> None:
    """A picture of the whole page as WebP, a third of the size of PNG; Playwright itself takes none."""
    shot = {"format": "webp", "quality": 35, "captureBeyondViewport": True}
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", shot)
    picture.write_bytes(base64.b64decode(taken["data"]))


def _answer(folder: Path) -> Callable[[Route], None]:
    """What the page asks for: its own files, and the icons and the font that come with their packages."""
    modules = folder / "node_modules"

    def answer(route: Route) -> None:
        name = route.request.url.partition("/drawn/")[2].partition("?")[0]
        file = folder / name
        if name.startswith("public/img/"):
            file = modules / "@grafana/ui/dist" / name
        elif name.startswith("public/fonts/"):
            weight = 500 if "Medium" in name else 400
            file = modules / f"@fontsource/inter/files/inter-latin-{weight}-normal.woff2"
        route.fulfill(path=file)

    return answer
