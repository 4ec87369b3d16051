"""A real Apache Kafka on this machine, from parts that pip and Maven repositories hold."""
