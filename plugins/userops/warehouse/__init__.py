"""Postgres: connections, the embedded server, the schema and its rights, the lease of the one writer."""
