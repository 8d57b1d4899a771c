"""userops: a user-operations warehouse (ingest, marts, gate, publish, serve)."""

__version__ = "0.1.0"
