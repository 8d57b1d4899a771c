"""Pure numpy and scipy: no I/O, no SQL."""
