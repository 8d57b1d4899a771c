"""Alerts: one message per run and cause, from an outbox in the warehouse: never lost, delivered once."""
