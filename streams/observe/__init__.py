"""See what the pipeline does: the account of every headline, metrics, health, lag."""
