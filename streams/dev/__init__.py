"""A real Apache Kafka on this machine, installed from pip and Maven repositories."""
