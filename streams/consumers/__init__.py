"""Look at a consumer group from outside, and say what is wrong with it."""
