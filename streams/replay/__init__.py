"""Replay topics of one cluster to another prefix or cluster: plan, check, pace, copy exactly once, compare, clean."""
