"""What people put right: say it, undo it, list it, and make test pairs of it."""
