"""Slots, the pointer readers choose by, versions and rollback."""
