"""Raw tables without files, and the measures of them: what the gate's tests need of a run."""

import json
from datetime import date, timedelta
from typing import Any

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.engines import warehouse_copy
from userops.engines.postgres import PostgresEngine
from userops.gate import inputs, measures, run_checkpoint
from userops.gate.conditions import unmet
from userops.gate.context import folder
from userops.gate.results import Answer, Expectation, merged, names_of, results_of
from userops.gate.runner import help_of
from userops.lake.schema import arrow_schema
from userops.settings import Settings
from userops.transform import dbt, profiles
from userops.warehouse.connection import connect

RUN = {"run_id": "test"}
PARAMETERS = """
    insert into meta.run_parameters (business_date, timezone, currency, run_id, token)
    values (%s, %s, %s, 'test', (select token from meta.writer))
    on conflict (only_row) do update set business_date = excluded.business_date, timezone = excluded.timezone,
        currency = excluded.currency
"""


def make_raw_tables(url: str) -> None:
    """Every raw table, empty, as the engine makes it; rows that name no source are canonical."""
    with connect(url, "loader") as connection:
        for export, contract in load_contracts().items():
            warehouse_copy.replace(connection, f"raw.{export}", arrow_schema(contract).empty_table())
            connection.execute(f"grant select on raw.{export} to transformer")
            connection.execute(f"alter table raw.{export} alter column _source set default 'canonical'")


def build(
    settings: Settings, url: str, layer: str, day: date, since: date | None,
    published: tuple[int, date] | None = None, select: str = "",
) -> None:
    """Build a layer's measures, or what `select` says, as of a date."""
    required = [name for name, contract in load_contracts().items() if contract.required]
    since = since and min(since, day - timedelta(days=1))
    with connect(url, "transformer") as connection:
        connection.execute(PARAMETERS, [day, settings.timezone, settings.currency])
        inputs.write(connection, load_contracts(), required, published, since)
        measures.drop(connection)
    profiles.write(settings, PostgresEngine(settings, url, None).dbt_target())
    select = select or {"raw": "+path:models/quality/raw", "marts": "path:models/quality/marts"}[layer]
    done = dbt._invoke(settings, ["run", "--select", select])
    assert done.result is not None, done.exception
    failed = [f"{r.node.name}: {r.message}" for r in done.result.results if r.status != "success"]
    assert not failed, failed


def judge(
    settings: Settings, url: str, layer: str, day: date, since: date | None, published: tuple[int, date] | None = None
) -> dict[str, CheckResult]:
    """Build a layer's measures and run its checkpoint; results by `check@subject`."""
    build(settings, url, layer, day, since, published)
    return named(run_checkpoint(settings, url, layer, RUN))


def measured(
    settings: Settings, url: str, layer: str, day: date, since: date | None, select: str = ""
) -> dict[str, CheckResult]:
    """The same by the bounds alone, for tests of what is measured: all measures of a layer, or those that are named."""
    build(settings, url, layer, day, since, select=select)
    return judge_plainly(settings, url, layer)


def judge_plainly(settings: Settings, url: str, layer: str) -> dict[str, CheckResult]:
    """What Great Expectations says of bounds, without its second a layer; tests hold the one against the other."""
    found: list[CheckResult] = []
    checkpoint = json.loads((folder(settings) / f"checkpoints/{layer}.json").read_text())
    with connect(url, "transformer") as connection:
        for definition in checkpoint["validation_definitions"]:
            rows = measures.read(connection, f"quality.{definition['name']}")
            suite = json.loads((folder(settings) / f"suites/{definition['name']}.json").read_text())
            found += verdicts(definition["name"], suite["expectations"], rows) if rows is not None else []
    return named(merged(found))


def verdicts(asset: str, expectations: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[CheckResult]:
    """What expectations say of a measure's rows."""
    return [result for expectation in expectations for result in _plainly(asset, expectation, rows)]


def _plainly(asset: str, expectation: dict[str, Any], rows: list[dict[str, Any]]) -> list[CheckResult]:
    kwargs, meta = expectation["kwargs"], expectation["meta"]
    described = Expectation(
        meta["check"], expectation["severity"], expectation["description"], asset, kwargs["column"],
        kwargs.get("row_condition"), meta["found"], "max_value" not in kwargs,
        help_of(meta),
    )  # fmt: skip
    low, high = kwargs.get("min_value", float("-inf")), kwargs.get("max_value", float("inf"))
    # It passes over nulls: what was not measured fails when its result is worded.
    measured_rows = [row for row in rows if row[kwargs["column"]] is not None]
    beyond = [
        row for row in measured_rows
        if not unmet(described.condition, row) and not low <= row[kwargs["column"]] <= high
    ]  # fmt: skip
    names = frozenset(tuple(row[name] for name in names_of(rows)) for row in beyond)
    return results_of(described, Answer(not beyond, unexpected=names), rows)


def named(results: list[CheckResult]) -> dict[str, CheckResult]:
    """Results by `check@subject`."""
    return {f"{result.check}@{result.subject}": result for result in results}


def failing(results: dict[str, CheckResult]) -> set[str]:
    """The failed checks, as `check@subject`."""
    return {name for name, result in results.items() if not result.passed}


def spoil(url: str, *statements: str, **words: object) -> None:
    """Change raw tables; every statement has to change something."""
    with psycopg.connect(url, autocommit=True) as admin:
        for statement in statements:
            for name, value in words.items():
                statement = statement.replace(name, f"'{value}'::date")
            assert admin.execute(statement).rowcount, statement
