"""Reviewed suite definitions (`expectations/*.yml`), read and validated. Pure but for reading the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from userops.checks import SEVERITIES
from userops.errors import UseropsError

LAYERS = ("raw", "marts")


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
    """One question: the figures of `query` against `expectations`; `enough` is (column, least value)."""

    name: str
    subject: str
    severity: str
    query: str
    expectations: tuple[Expectation, ...]
    expected: str
    enough: tuple[str, float] | None = None


@dataclass(frozen=True)
class Suite:
    """All queries and checks of a layer; query names are `file:name`."""

    queries: dict[str, Query]
    checks: tuple[Check, ...]


def load_suite(folder: Path, layer: str) -> Suite:
    """Read every definition of a layer; an unreadable or empty one is an error, never an empty pass."""
    queries: dict[str, Query] = {}
    checks: list[Check] = []
    for path in sorted(folder.glob("*.yml")):
        found_layer, found_queries, found_checks = _read(path)
        if found_layer == layer:
            queries |= found_queries
            checks += found_checks
    if not checks:
        raise UseropsError(f"No check of layer {layer!r} in {folder}.", mend="restore expectations/ from git.")
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UseropsError(f"Checks named twice: {', '.join(twice)}.", mend="give each check its own name.")
    return Suite(queries, tuple(checks))


def _read(path: Path) -> tuple[str, dict[str, Query], list[Check]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return parse(content, path.stem)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UseropsError(f"{path.name}: {error!r}.", mend="see expectations/README.md for the shape.") from error


def parse(content: dict, source: str) -> tuple[str, dict[str, Query], list[Check]]:
    """Turn one file's content into queries and checks; ValueError or KeyError where it has another shape."""
    layer = content["layer"]
    if layer not in LAYERS:
        raise ValueError(f"layer {layer!r} is none of {LAYERS}")
    queries = {f"{source}:{name}": Query(**body) for name, body in content["queries"].items()}
    checks = [_check(body, source) for body in content["checks"]]
    for check in checks:
        if check.query not in queries:
            raise ValueError(f"check {check.name} names an unknown query {check.query}")
    return layer, queries, checks


def _check(body: dict, source: str) -> Check:
    unknown = set(body) - {"name", "subject", "severity", "query", "expectations", "expected", "enough"}
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
        query=f"{source}:{body['query']}",
        expectations=tuple(_expectation(e) for e in body["expectations"]),
        expected=body["expected"],
        enough=(enough["column"], enough["at_least"]) if enough else None,
    )


def _expectation(body: dict) -> Expectation:
    rest = {key: value for key, value in body.items() if key not in {"type", "column"}}
    if not body["type"].startswith("expect_column_values_") or not rest:
        raise ValueError(f"{body['type']} is no expectation on a column's values, or has no bound")
    return Expectation(body["type"], body["column"], rest)
