"""Tune Python's garbage collector."""

import gc

# New objects before the youngest generation is collected, and collections of it before the next older one's.
THRESHOLDS = (50_000, 20, 20)


def tune_gc() -> None:
    """Collect less often in this process, for as long as it lives.

    A run keeps a million objects: classes of Airflow, dbt and Great Expectations, the parsed project. With Python's
    own threshold of 700 new objects, the collector walks through all of them a dozen times and frees next to nothing.
    """
    gc.set_threshold(*THRESHOLDS)
