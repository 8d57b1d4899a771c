"""Reviewed suite definitions (`expectations/*.yml`), read and validated. Pure but for reading the files."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from userops.checks import SEVERITIES
from userops.errors import UseropsError

LAYERS = ("raw", "marts")
# The same safe reader, in C where it was built: a night reads every definition.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation on a measured column."""

    type: str
    column: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Query:
    """One measuring query; `published` reads what readers see now, as `:published`, in the role bi_reader."""

    sql: str
    published: str = ""


@dataclass(frozen=True)
class Check:
    """One question: the figures of `query` against `expectations`; `enough` is (column, least value).

    `show` are further figures that the result states.
    """

    name: str
    subject: str
    severity: str
    query: str
    expectations: tuple[Expectation, ...]
    expected: str
    enough: tuple[str, float] | None = None
    show: tuple[str, ...] = ()


    @property
    def key(self) -> str:
        """One question may be asked of several subjects."""
        return f"{self.name}@{self.subject}"


@dataclass(frozen=True)
class Suite:
    """All queries and checks of a layer; query names are `file:name`.

    `prepared` are queries whose rows the others share, as temporary tables of that name.
    """

    queries: dict[str, Query]
    checks: tuple[Check, ...]
    prepared: dict[str, str] = field(default_factory=dict)


def load_suite(folder: Path, layer: str) -> Suite:
    """Read every definition of a layer; an unreadable or empty one is an error, never an empty pass."""
    found = [suite for path in sorted(folder.glob("*.yml")) for read, suite in [_read(path)] if read == layer]
    checks = tuple(check for suite in found for check in suite.checks)
    if not checks:
        raise UseropsError(f"No check of layer {layer!r} in {folder}.", fix="restore expectations/ from git.")
    keys = [check.key for check in checks] + [name for suite in found for name in suite.prepared]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise UseropsError(f"Named twice: {', '.join(twice)}.", fix="give each check and table its own name.")
    return Suite(
        {name: query for suite in found for name, query in suite.queries.items()},
        checks,
        {name: sql for suite in found for name, sql in suite.prepared.items()},
    )


def _read(path: Path) -> tuple[str, Suite]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
        return parse(content, path.stem)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UseropsError(f"{path.name}: {error!r}.", fix="see expectations/README.md for the shape.") from error


def parse(content: dict, source: str) -> tuple[str, Suite]:
    """Turn one file's content into its layer and suite; ValueError or KeyError where it has another shape."""
    layer = content["layer"]
    if layer not in LAYERS:
        raise ValueError(f"layer {layer!r} is none of {LAYERS}")
    unknown = set(content) - {"layer", "prepare", "each", "queries", "checks"}
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    queries: dict[str, Query] = {}
    checks: list[Check] = []
    for number, words in enumerate(content.get("each", [{}])):
        prefix = f"{source}:{number}:" if words else f"{source}:"
        filled = _fill({name: content.get(name, {}) for name in ("queries", "checks")}, words)
        queries |= {prefix + name: Query(**body) for name, body in filled["queries"].items()}
        checks += [_check(body, prefix) for body in filled["checks"] or ()]
    for check in checks:
        if check.query not in queries:
            raise ValueError(f"check {check.name} names an unknown query {check.query}")
    return layer, Suite(queries, tuple(checks), content.get("prepare", {}))


def _fill(given: Any, words: dict[str, Any]) -> Any:
    """Put the words of one entry of `each` where their names stand in double angle brackets."""
    if isinstance(given, dict):
        return {key: _fill(value, words) for key, value in given.items()}
    if isinstance(given, list):
        return [_fill(value, words) for value in given]
    if isinstance(given, str):
        for name, word in words.items():
            # Alone it keeps its type: a bound is a number.
            if given == f"<<{name}>>":
                return word
            given = given.replace(f"<<{name}>>", str(word))
    return given


def _check(body: dict, prefix: str) -> Check:
    unknown = set(body) - {"name", "subject", "severity", "query", "expectations", "expected", "enough", "show"}
    if unknown:
        raise ValueError(f"check {body.get('name')} has unknown keys {sorted(unknown)}")
    if body["severity"] not in SEVERITIES:
        raise ValueError(f"check {body['name']}: severity {body['severity']!r} is none of {SEVERITIES}")
    if not body["expectations"]:
        raise ValueError(f"check {body['name']} expects nothing")
    enough = body.get("enough")
    return Check(
        name=body["name"],
        subject=body["subject"],
        severity=body["severity"],
        query=prefix + body["query"],
        expectations=tuple(_expectation(e) for e in body["expectations"]),
        expected=body["expected"],
        enough=(enough["column"], enough["at_least"]) if enough else None,
        show=tuple(body.get("show", ())),
    )


def _expectation(body: dict) -> Expectation:
    rest = {key: value for key, value in body.items() if key not in {"type", "column"}}
    if not body["type"].startswith("expect_column_values_") or not rest:
        raise ValueError(f"{body['type']} is no expectation on a column's values, or has no bound")
    return Expectation(body["type"], body["column"], rest)
