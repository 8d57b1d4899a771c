"""Alerts: one message a night and cause, from an outbox in the warehouse: never lost, delivered once."""
