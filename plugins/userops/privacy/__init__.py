"""Identifiers: keyed hashes, the vault, erasure and key rotation."""
