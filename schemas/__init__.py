"""The contract: events, topics and headers. This package depends on no other package of the project."""
