"""Say why a headline was published or swallowed, from what the pipeline left behind."""
