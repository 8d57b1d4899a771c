"""Raw tables without files, and the measures of them: what the gate's tests need of a run."""

from datetime import date, timedelta

import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.engines import warehouse_copy
from userops.engines.postgres import PostgresEngine
from userops.gate import inputs, measures, run_checkpoint, suites
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
    """Every raw table, empty, as the engine makes it."""
    with connect(url, "loader") as connection:
        for export, contract in load_contracts().items():
            warehouse_copy.replace(connection, f"raw.{export}", arrow_schema(contract).empty_table())
            connection.execute(f"grant select on raw.{export} to transformer")


def judge(
    settings: Settings, url: str, layer: str, day: date, since: date | None, published: tuple[int, date] | None = None
) -> dict[str, CheckResult]:
    """Build a layer's measures and run its checkpoint; results by `check@subject`."""
    required = [name for name, contract in load_contracts().items() if contract.required]
    since = since and min(since, day - timedelta(days=1))
    with connect(url, "transformer") as connection:
        connection.execute(PARAMETERS, [day, settings.timezone, settings.currency])
        inputs.write(connection, load_contracts(), required, published, since)
        measures.drop(connection, suites.measures(settings))
    profiles.write(settings, PostgresEngine(settings, url, None).dbt_target())
    select = {"raw": "+path:models/quality/raw", "marts": "path:models/quality/marts"}[layer]
    done = dbt._invoke(settings, ["run", "--select", select])
    failed = [f"{r.node.name}: {r.message}" for r in done.result.results if r.status != "success"]
    assert not failed, failed
    return {f"{r.check}@{r.subject}": r for r in run_checkpoint(settings, url, layer, RUN)}


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
