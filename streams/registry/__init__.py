"""The schemas of what consumers read, in a schema registry: pushed there, and compared with it."""
