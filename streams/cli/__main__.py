"""`python -m streams.cli`: the same as `ticker`."""

from streams.cli import main

main()
