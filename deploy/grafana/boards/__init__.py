"""Every dashboard, a module each; each of its rows is a question and the panels that answer it."""

from typing import Final

from deploy.grafana.boards.engine import ENGINE
from deploy.grafana.boards.overview import OVERVIEW
from deploy.grafana.boards.replay import REPLAY
from deploy.grafana.boards.sources import SOURCES

BOARDS: Final = (OVERVIEW, SOURCES, ENGINE, REPLAY)
