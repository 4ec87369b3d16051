"""Headlines pushed to the addresses of others, signed, in order, at least once."""
