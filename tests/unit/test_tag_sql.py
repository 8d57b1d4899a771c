"""Rendered rules as a database judges them: exact where decimals are, and never an error."""

from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tag_rules import FEATURES, NAMES, RULES, TYPES
from userops.tags.catalog import load_catalog
from userops.tags.expressions import RuleError, parse
from userops.tags.numbers import Exact, exact_type
from userops.tags.rendering import to_sql


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        connection.execute(FEATURES)
        yield connection


def judged(database, sql: str, **values: str) -> object:
    """What an expression gives for one user with these features, the others unknown."""
    given_ = ", ".join(f"cast({values.get(name, 'null')} as {kind}) as {name}" for name, kind in TYPES.items())
    return database.execute(f"select {sql} from (select {given_}) as features").fetchone()[0]


@pytest.mark.parametrize(
    ("rule", "values", "holds"),
    [
        # In doubles 0.1 × 3 is more than 0.3 and 0.07 × 100 more than 7.
        ("0.1 * orders <= 0.3", {"orders": "3"}, True),
        ("0.07 * orders = 7", {"orders": "100"}, True),
        ("net - 0.1 = 0.2", {"net": "0.30"}, True),
        ("points_balance + 1 > points_balance", {"points_balance": "9007199254740992"}, True),
        ("orders * 3 * orders > 0", {"orders": "2147483647"}, True),
        ("net / orders = 0.7", {"net": "7.00", "orders": "10"}, True),
        ("net / orders > 0", {"net": "7.00", "orders": "0"}, None),
        ("orders / 2 = 1.5", {"orders": "3"}, True),
        ("round(aov) = 3", {"aov": "2.5"}, True),
        ("round(aov) = -3", {"aov": "-2.5"}, True),
        ("round(net) = 3", {"net": "2.50"}, True),
    ],
)
def test_thresholds_compare_exact_values(database, rule: str, values: dict, holds: bool | None) -> None:
    assert judged(database, to_sql(parse(rule, NAMES), TYPES), **values) is holds


@pytest.mark.parametrize(("recency_days", "holds"), [("50", False), ("51", True)])
def test_out_of_rhythm_begins_after_one_and_a_half_mean_gaps(database, recency_days: str, holds: bool) -> None:
    """Four orders within 100 days: a mean gap rounded to six places would make 1.5 of them 49.9999995 days."""
    rule = load_catalog().tags["out_of_rhythm"].rule
    values = {"orders": "4", "recency_days": recency_days, "mean_gap_days": "100e0 / 3"}
    assert judged(database, to_sql(rule, TYPES), **values) is holds


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("orders", Exact(10, 0)),
        ("net * 0.125", Exact(17, 5)),
        ("orders + net", Exact(17, 2)),
        ("-net", Exact(16, 2)),
        ("coalesce(orders, 0.5)", Exact(10, 1)),
        ("floor(net)", Exact(17, 0)),
        ("case when is_plus then orders else net end", Exact(16, 2)),
        ("case when is_plus then orders else aov end", None),
        ("net * aov", None),
        ("orders / 2", None),
        ("points_balance * points_balance", None),
        ("greatest(orders, aov)", None),
    ],
)
def test_sums_and_products_are_exact_as_far_as_digits_reach(expression: str, kind: Exact | None) -> None:
    assert exact_type(parse(expression, NAMES), TYPES) == kind


def test_an_exact_value_keeps_all_digits(database) -> None:
    sql = to_sql(parse("net * 0.125", NAMES), TYPES)
    assert judged(database, sql, net="1234567890123456.78") == Decimal("154320986265432.09750")


@given(rule=st.one_of(RULES))
def test_a_rule_that_parses_never_fails_in_the_database(database, rule: str) -> None:
    try:
        sql = to_sql(parse(rule, NAMES), TYPES)
    except RuleError as error:
        assert "deeply" in str(error) or "longer" in str(error), rule
        return
    database.execute(f"select {sql} from features").fetchall()
