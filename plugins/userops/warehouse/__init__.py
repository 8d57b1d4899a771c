"""Postgres: connections, bootstrap, the embedded server, the writer's lease, slots and publication."""
