"""What programs share to be observed: the account of a run, metrics, scrapes, health pages, traces."""
