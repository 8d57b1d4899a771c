"""Run a layer's suite: few aggregate queries measure, Great Expectations judges the one row they give.

Great Expectations is imported inside functions only: it takes seconds, and the DAG's parser reads this module.
"""

import json
import logging
import os
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import UseropsError, first_line
from userops.gate import docs
from userops.gate.suites import Check, Query, Suite, load_suite
from userops.settings import Settings
from userops.warehouse.connection import connect

PLACEHOLDER = re.compile(r"(?<![:\w]):(business_date|since|timezone|currency|contracts|published)\b")
LONGEST_QUERY = "15min"
# A measure of this name says where, in words of the schema; it becomes the result's detail.
PLACE = "place"
PLACE_NAME = re.compile(r"[a-z_][a-z0-9_.]{0,60}|")
Measures = dict[str, Any]
log = logging.getLogger(__name__)


def run_suite(
    settings_url: str, layer: str, business_date: date, since: date | None, settings: Settings | None = None
) -> list[CheckResult]:
    """Judge the nights after `since` up to `business_date`; one result a check, a crash is a critical failure.

    `since` None means everything up to the date is new. A night that is published and runs again is judged again.
    """
    settings = settings or Settings.load()
    suite = load_suite(settings.project_root / "expectations", layer)
    parameters = parameters_of(settings, business_date, since)
    measured, broken = measure(settings_url, suite, parameters)
    validation = validate(suite, measured)
    if validation is not None:
        docs.write_page(validation, settings.home / "data_docs", business_date.isoformat(), layer)
    outcomes = outcomes_of(validation)
    return [judge(check, measured, broken, outcomes) for check in suite.checks]


def parameters_of(settings: Settings, business_date: date, since: date | None) -> dict[str, Any]:
    """What queries may name; `since` None means that everything up to the date is new."""
    contracts = {c.name: {"mode": c.mode, "freshness_days": c.freshness_days} for c in load_contracts().values()}
    return {
        "business_date": business_date,
        "since": min(since, business_date - timedelta(days=1)) if since else date(1900, 1, 1),
        "timezone": settings.timezone,
        "currency": settings.currency,
        "contracts": json.dumps(contracts),
    }


def measure(url: str, suite: Suite, parameters: dict[str, Any]) -> tuple[dict[str, Measures], dict[str, str]]:
    """Run every query; returns the rows by query, and why the others gave none."""
    measured: dict[str, Measures] = {}
    broken: dict[str, str] = {}
    try:
        with connect(url, "transformer") as connection:
            _prepare(connection, suite, parameters)
            for name, query in suite.queries.items():
                try:
                    published = read_published(url, query)
                    measured[name] = _one_row(connection, query.sql, parameters | {"published": published})
                except (psycopg.Error, ValueError) as error:
                    broken[name] = _reason(name, error)
    except (psycopg.Error, UseropsError) as error:
        broken |= {name: _reason(name, error) for name in suite.queries if name not in measured | broken}
    return measured, broken


def _prepare(connection: psycopg.Connection, suite: Suite, parameters: dict[str, Any]) -> None:
    """Make the tables that queries share; a query whose table is missing gives no answer by itself."""
    connection.execute(f"set statement_timeout = '{LONGEST_QUERY}'")
    connection.commit()
    for name, sql in suite.prepared.items():
        try:
            with connection.transaction(), psycopg.ClientCursor(connection) as cursor:
                cursor.execute(f"create temp table {name} as {_bound(sql)}", parameters)
                cursor.execute(f"analyze {name}")
        except psycopg.Error as error:
            _reason(name, error)


def _reason(name: str, error: Exception) -> str:
    reason = f"{type(error).__name__}: {first_line(error)[:200]}"
    log.warning("query %s gave no answer: %s", name, reason)
    return reason


def read_published(url: str, query: Query) -> str:
    """What readers see now, as JSON; `{}` where nothing was published yet."""
    if not query.published:
        return "{}"
    with connect(url, "bi_reader") as connection:
        if connection.execute("select to_regclass('marts.users')").fetchone()[0] is None:
            return "{}"
        row = connection.cursor(row_factory=dict_row).execute(query.published).fetchone()
    return json.dumps(row, default=str)


def _bound(sql: str) -> str:
    return PLACEHOLDER.sub(r"%(\1)s", sql.replace("%", "%%"))


def _one_row(connection: psycopg.Connection, sql: str, parameters: dict[str, Any]) -> Measures:
    with connection.transaction(), psycopg.ClientCursor(connection, row_factory=dict_row) as cursor:
        rows = cursor.execute(_bound(sql), parameters).fetchall()
    if len(rows) != 1:
        raise ValueError(f"{len(rows)} rows where one was to come")
    return {name: _place(value) if name == PLACE else _number(value) for name, value in rows[0].items()}


def _place(value: object) -> str:
    """The name of a column or export, nothing that a cell could hold by accident."""
    text = str(value or "")
    if not PLACE_NAME.fullmatch(text):
        raise ValueError("a place is no name")
    return text


def _number(value: object) -> float | None:
    """Figures only: a text could carry a cell's value into a report."""
    if value is None:
        return None
    if isinstance(value, bool | int | float | Decimal):
        return float(value)
    raise ValueError(f"a measure is a {type(value).__name__}, not a number")


def validate(suite: Suite, measured: dict[str, Measures]) -> Any:
    """Let Great Expectations judge all measures in one validation; None where there is nothing to judge."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "False")
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.registry import get_expectation_impl

    row = {
        f"{query}.{column}": value for query, values in measured.items() for column, value in values.items()
        if column != PLACE
    }
    if not row:
        return None
    expectations = [
        get_expectation_impl(e.type)(
            column=f"{check.query}.{e.column}", meta={"check": check.key, "notes": check.expected}, **e.arguments
        )
        for check in suite.checks
        for e in check.expectations
        # A null passes every expectation: `judge` sees to those.
        if row.get(f"{check.query}.{e.column}") is not None
    ]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("measures").add_dataframe_asset("night")
    frame = pd.DataFrame([row], dtype="float64")
    batch = asset.add_batch_definition_whole_dataframe("night").get_batch({"dataframe": frame})
    return batch.validate(gx.ExpectationSuite("night", expectations=expectations), result_format="BOOLEAN_ONLY")


def outcomes_of(validation: Any) -> dict[str, bool | None]:
    """Whether each check's expectations held; None where an expectation itself broke."""
    outcomes: dict[str, bool | None] = {}
    for result in validation.results if validation is not None else ():
        name = result.expectation_config.meta["check"]
        raised = result.exception_info and result.exception_info.get("raised_exception", True)
        outcome = None if raised else bool(result.success)
        known = outcomes.get(name, True)
        outcomes[name] = None if outcome is None or known is None else known and outcome
    return outcomes


def evaluate(suite: Suite, measured: dict[str, Measures]) -> dict[str, bool | None]:
    """Validate and read the outcomes."""
    return outcomes_of(validate(suite, measured))


def judge(
    check: Check, measured: dict[str, Measures], broken: dict[str, str], outcomes: dict[str, bool | None]
) -> CheckResult:
    """One check's result; whatever gave no answer is a failed critical result."""
    values = measured.get(check.query, {})
    wanted = [*(e.column for e in check.expectations), *check.show, *(check.enough or ())[:1]]
    missing = [column for column in wanted if values.get(column) is None]
    outcome = outcomes.get(check.key)
    if missing or outcome is None:
        reason = broken.get(check.query) or (f"no measure {missing[0]}" if missing else "the expectation broke")
        return _result(check, "critical", False, f"no answer: {reason}")
    if check.enough and values[check.enough[0]] < check.enough[1]:
        found = f"not enough history: {check.enough[0]} {_text(values[check.enough[0]])} of {_text(check.enough[1])}"
        return _result(check, "info", True, found)
    observed = ", ".join(f"{column} {_text(values[column])}" for column in dict.fromkeys(wanted))
    return _result(check, check.severity, outcome, observed, values.get(PLACE, ""))


def _result(check: Check, severity: str, passed: bool, observed: str, place: str = "") -> CheckResult:
    return CheckResult(check.name, "expectations", check.subject, severity, passed, observed, check.expected, place)


def _text(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
