"""Run what one cluster recorded through another build: plan, check, pace, copy exactly once, compare, clean."""
