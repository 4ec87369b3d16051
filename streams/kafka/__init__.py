"""The one client layer for Kafka: reach and administer a cluster, read what is committed, write in transactions."""
