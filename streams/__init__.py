"""The pipeline for headline tickers: its topology, the programs around it, and the engines that run it."""

__version__ = "0.1.0"
