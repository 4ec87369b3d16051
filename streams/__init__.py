"""The pipeline for headline tickers: produce, process, sink, and the engines that run them."""

__version__ = "0.1.0"
