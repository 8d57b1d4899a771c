"""What a finding says beyond its measure: words that stand in other results of the run. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from userops.checks import CheckResult
from userops.gate.words import word

SET_ASIDE, BAD_ROWS = "rows_set_aside", "bad_rows"


def with_reasons(
    judged: Iterable[CheckResult], recorded: Iterable[CheckResult], language: str = "en"
) -> list[CheckResult]:
    """Say the most frequent reasons beside the number of rows that were set aside, as ingest recorded them."""
    reasons: dict[str, str] = {}
    for result in recorded:
        _, _, words = result.observed.partition(": ")
        if result.check == BAD_ROWS and words:
            reasons[result.subject] = words
    return [
        replace(result, observed=result.observed + word("frequent_reasons", language, reasons=reasons[result.subject]))
        if result.check == SET_ASIDE and not result.passed and result.subject in reasons else result
        for result in judged
    ]  # fmt: skip
