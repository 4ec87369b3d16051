"""Push the schemas of public events to a schema registry, and compare the registry with them."""
