"""The contract: what the events, topics and headers are. Depends on nothing of ours."""
