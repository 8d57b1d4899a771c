"""One night's scoring: read the numbered inputs from `build`, compute, replace the tables `build.score_*`."""

import numpy as np
import psycopg
import yaml
from psycopg import sql

from userops.algorithms import interests, value
from userops.checks import CheckResult
from userops.scoring import tables
from userops.settings import Settings
from userops.warehouse.connection import connect

ROLE = "transformer"
CATEGORY = np.dtype([("category_no", "i4"), ("replenishment_days", "i4")])
PRODUCT = np.dtype([("sku_no", "i4"), ("category_no", "i4")])


def score(url: str, settings: Settings, day: int) -> list[CheckResult]:
    """Score everything as of day number `day` (days since 1970-01-01); see `userops.scoring.run`."""
    bounds = _bounds(settings)
    buyers = _read(url, "int_buyers_numbered", value.BUYER)
    # One order of rows, whatever way the database hands them over: sums of floats hang on it in their last digit.
    buyers = buyers[np.argsort(buyers["user_no"])]
    values, models = value.score_values(buyers, bounds["value_holdout_days"], bounds["value_min_repeat_buyers"])
    found, quality = score_interests(url, day, bounds)
    with connect(url, ROLE) as connection:
        tables.write(connection, _table("score_user_values"), values)
        tables.write(connection, _table("score_interests"), found)
        _write_rows(connection, "score_value_models", [row for model in models for row in model.rows()])
        _write_rows(connection, "score_interest_quality", quality)
        for table in ("score_user_values", "score_interests"):
            connection.execute(sql.SQL("analyze {}").format(_table(table)))
    return [_judge(model) for model in models]


def score_interests(url: str, day: int, bounds: dict) -> tuple[np.ndarray, list[tuple[str, int, int]]]:
    """(predictions, quality) as of day number `day`."""
    categories = np.sort(_read(url, "int_categories_numbered", CATEGORY), order="category_no")
    products = np.sort(_read(url, "int_products_numbered", PRODUCT), order="sku_no")
    for numbers in (categories["category_no"], products["sku_no"]):
        if not np.array_equal(numbers, np.arange(len(numbers))):
            raise ValueError("categories and products are to be numbered from 0 without a gap")
    catalogue = interests.Catalogue(products["category_no"], categories["replenishment_days"])
    lines = _read(url, "int_purchases_numbered", interests.PURCHASE)
    purchases = interests.Purchases(lines["user_no"], lines["sku_no"], lines["day_no"])
    del lines
    rules = interests.Rules(bounds["interest_half_life_days"], bounds["interest_best"])
    pairs = purchases.pairs(day, rules.half_life)
    found = interests.predict(pairs, catalogue, interests.similarity(pairs, catalogue), rules.best)
    del pairs
    return found, interests.quality(purchases, catalogue, day - bounds["interest_holdout_days"], rules)


def _bounds(settings: Settings) -> dict:
    """The project's variables: bounds have one home, and it is dbt's."""
    return yaml.safe_load((settings.project_root / "dbt_project" / "dbt_project.yml").read_text())["vars"]


def _read(url: str, table: str, dtype: np.dtype) -> np.ndarray:
    return tables.read(url, ROLE, f"build.{table}", dtype)


def _table(name: str) -> sql.Identifier:
    return sql.Identifier("build", name)


def _write_rows(connection: psycopg.Connection, table: str, rows: list[tuple]) -> None:
    """Replace the few rows of a table, given in the order of its columns."""
    connection.execute(sql.SQL("truncate {}").format(_table(table)))
    with connection.cursor() as cursor:
        places = sql.SQL(", ").join([sql.Placeholder()] * len(rows[0]))
        cursor.executemany(sql.SQL("insert into {} values ({})").format(_table(table), places), rows)


def _judge(model: value.Model) -> CheckResult:
    """What became of a model: a warning where there was enough to learn from and yet no fit."""
    figures = ", ".join(f"{name} {number:.4g}" for name, number in (model.fit.parameters or {}).items())
    fitted = model.fit.parameters is not None
    return CheckResult(
        check=f"{model.name}_fitted",
        layer="scores",
        subject="value_model",
        severity="info" if fitted or not model.fit.enough else "warning",
        passed=fitted,
        observed="; ".join(text for text in (figures, model.fit.note) if text),
        expected="a maximum of the likelihood",
    )
