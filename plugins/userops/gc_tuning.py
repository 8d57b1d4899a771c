"""How often Python looks for garbage."""

import gc

# As many new objects before the youngest are looked through, and as many such looks before the next older ones are.
THRESHOLDS = (50_000, 20, 20)


def tune_gc() -> None:
    """Let Python collect less often in this process, for as long as it lives.

    A night keeps a million objects: classes of Airflow, dbt and Great Expectations, the parsed project. Python's own
    700 new objects make it walk through all of them a dozen times a night and find next to nothing.
    """
    gc.set_threshold(*THRESHOLDS)
