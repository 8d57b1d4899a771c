"""The gate: is this night plausible, and may readers see it? Great Expectations measures, the project decides."""
