"""The gate: are these figures plausible, and may readers see them? Great Expectations judges, the project decides."""

from userops.gate.runner import run_checkpoint

__all__ = ["run_checkpoint"]
