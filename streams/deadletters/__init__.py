"""Dead letters as a workflow: see what failed and why, try it with today's code, send it back once."""
