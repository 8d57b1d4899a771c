"""From an expectation's answer and the rows of its measure to check results in plain words, one per subject. Pure.

In a measure, columns of text name the subject (the first: an export or mart) and numbers are what was measured. A row
that only a least volume (`>`, `>=` in the row condition) keeps out is recorded as info: too little to tell.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from userops.checks import CheckResult
from userops.gate.conditions import Condition, Row, too_few, unmet
from userops.gate.words import word

LAYER = "expectations"
SHOWN = 3
# What names a subject is a word of the schema, or a code such as a store's id; anything else could be any cell's value.
NAME = re.compile(r"[^\W\d][\w.:#/ -]{0,100}")


@dataclass(frozen=True)
class Expectation:
    """What the gate needs to know of one expectation; the texts come from its description and `meta`."""

    check: str
    severity: str
    expected: str
    asset: str
    column: str | None = None
    condition: Condition | None = None
    found: str | None = None
    # Which end of the column is the worse one.
    low_is_bad: bool = False
    help: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Answer:
    """What Great Expectations found: `passed` None is no answer, `found` why or what; `unexpected` names rows."""

    passed: bool | None
    found: str = ""
    unexpected: frozenset[tuple[str, ...]] = field(default_factory=frozenset)


def results_of(expectation: Expectation, answer: Answer, rows: Sequence[Row] | None) -> list[CheckResult]:
    """One result per subject of a measure; a single one where there is no answer or no measure to read."""
    if answer.passed is None:
        return [_result(expectation, expectation.asset, False, _no_answer(expectation, answer.found))]
    if rows is None:
        found = answer.found or word("as_expected", expectation.language)
        return [_result(expectation, expectation.asset, answer.passed, found)]
    try:
        return _by_subject(expectation, answer, rows)
    except ValueError as error:
        return [_result(expectation, expectation.asset, False, _no_answer(expectation, error))]


def _by_subject(expectation: Expectation, answer: Answer, rows: Sequence[Row]) -> list[CheckResult]:
    names = _names(rows)
    missing = [(row, unmet(expectation.condition, row)) for row in rows]
    judged = [row for row, parts in missing if not parts]
    small = [(row, parts) for row, parts in missing if too_few(parts)]
    failed = [row for row in judged if _fails(expectation, answer, row, names)]
    if not answer.passed and not failed:
        failed = judged
    if not judged and not answer.passed:
        found = answer.found or word("not_as_expected", expectation.language)
        return [_result(expectation, expectation.asset, False, found)]
    results = [
        _judged(expectation, subject, [row for row in failed if _subject(row, names) == subject], group)
        for subject, group in _grouped(judged, names)
    ]
    known = {result.subject for result in results}
    for subject, group in _grouped([row for row, _ in small], names):
        if subject not in known:
            parts = next(parts for row, parts in small if row is group[0])
            results.append(_info(expectation, subject, _too_few(expectation, group[0], parts[0])))
    return results or [_info(expectation, expectation.asset, word("nothing_to_measure", expectation.language))]


def names_of(rows: Sequence[Row]) -> list[str]:
    """The columns of text, which name a measure's rows."""
    return [column for column in (rows[0] if rows else {}) if any(isinstance(row[column], str) for row in rows)]


def _names(rows: Sequence[Row]) -> list[str]:
    """The columns that name a row; refuse values that are no names."""
    names = names_of(rows)
    for row in rows:
        for column in names:
            if not NAME.fullmatch(row[column] or ""):
                raise ValueError(f"{column} holds a text that is no name")
    return names


def _fails(expectation: Expectation, answer: Answer, row: Row, names: list[str]) -> bool:
    # Great Expectations passes over nulls; a figure that should be there and is not was not measured.
    if expectation.column in row and row[expectation.column] is None:
        return True
    return tuple(row[name] for name in names) in answer.unexpected


def _subject(row: Row, names: list[str]) -> str | None:
    return row[names[0]] if names else None


def _grouped(rows: Sequence[Row], names: list[str]) -> Iterable[tuple[str | None, list[Row]]]:
    ordered = sorted(rows, key=lambda row: _subject(row, names) or "")
    return [(subject, list(group)) for subject, group in groupby(ordered, key=lambda row: _subject(row, names))]


def _judged(expectation: Expectation, subject: str | None, failed: list[Row], rows: list[Row]) -> CheckResult:
    worst = sorted(failed or rows, key=lambda row: _badness(expectation, row))
    shown = [_found(expectation, row) for row in worst[: SHOWN if failed else 1]]
    if len(failed) > SHOWN:
        shown.append(word("and_more", expectation.language, n=len(failed) - SHOWN))
    return _result(expectation, subject, not failed, "; ".join(shown))


def _badness(expectation: Expectation, row: Row) -> tuple[bool, float]:
    value = row.get(expectation.column) if expectation.column else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return (value is not None, 0.0)
    return (True, value if expectation.low_is_bad else -value)


def _found(expectation: Expectation, row: Row) -> str:
    """The finding as the expectation words it; a figure that was not measured is said first."""
    value = row.get(expectation.column) if expectation.column else None
    if value is None and expectation.column in row:
        return _no_answer(expectation, word("not_measured", expectation.language, column=_words(expectation.column)))
    plain = word("is", expectation.language, column=_words(expectation.column), value=_number(value))
    try:
        return (expectation.found or "").format(**row) or plain
    except (KeyError, ValueError, TypeError, IndexError):
        return plain


def _no_answer(expectation: Expectation, why: object) -> str:
    return word("no_answer", expectation.language, why=why)


def _too_few(expectation: Expectation, row: Row, part: Condition) -> str:
    column = part["column"]["name"]
    return word(
        "too_few", expectation.language, column=_words(column), value=_number(row[column]),
        least=_number(part["parameter"]),
    )  # fmt: skip


def _words(column: str | None) -> str:
    return (column or "the value").replace("_", " ")


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _info(expectation: Expectation, subject: str | None, observed: str) -> CheckResult:
    return CheckResult(
        expectation.check, LAYER, subject or expectation.asset, "info", True, observed, expectation.expected
    )


def _result(expectation: Expectation, subject: str | None, passed: bool, observed: str) -> CheckResult:
    return CheckResult(
        expectation.check, LAYER, subject or expectation.asset, expectation.severity, passed, observed,
        expectation.expected, "" if passed else expectation.help,
    )


def merged(results: Iterable[CheckResult]) -> list[CheckResult]:
    """Join the results of expectations that are one check: one per check and subject, of what failed where any did."""
    found: dict[tuple[str, str], list[CheckResult]] = {}
    for result in results:
        found.setdefault((result.check, result.subject), []).append(result)
    return [_one(together) for together in found.values()]


def _one(together: list[CheckResult]) -> CheckResult:
    failed = [result for result in together if not result.passed]
    chosen = failed or [result for result in together if result.severity != "info"] or together
    worst = min(chosen, key=lambda result: ("critical", "warning", "info").index(result.severity))
    texts = "; ".join(dict.fromkeys(result.observed for result in chosen))
    return CheckResult(
        worst.check, LAYER, worst.subject, worst.severity, worst.passed, texts, worst.expected, worst.detail
    )
