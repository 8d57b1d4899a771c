"""Scoring over an engine: the tables it reads and writes by hand, and what it refuses."""

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from userops import scoring
from userops.algorithms.fitting import AT_EDGE, Fit
from userops.algorithms.value import Model
from userops.errors import UseropsError
from userops.scoring import arrow, steps

DAY = date(1970, 4, 11)  # day number 100
BOUNDS = {
    "value_holdout_days": 90,
    "value_min_repeat_buyers": 20,
    "interest_half_life_days": 30,
    "interest_best": 5,
    "interest_holdout_days": 30,
}


class Memory:
    """An engine whose relations are Arrow tables; it hands them over in small batches, last rows first."""

    def __init__(self, **tables):
        self.tables = {f"build.{name}": pa.table(columns) for name, columns in tables.items()}

    def read(self, relation, columns=None):
        table = self.tables[relation].select(columns)
        rows = table.take(pa.array(range(len(table) - 1, -1, -1), pa.int64()))
        return pa.RecordBatchReader.from_batches(table.schema, rows.to_batches(max_chunksize=2))

    def write(self, relation, data):
        self.tables[relation] = data.read_all() if isinstance(data, pa.RecordBatchReader) else data

    def rows(self, name):
        """The rows of a table as tuples."""
        return [tuple(row.values()) for row in self.tables[f"build.{name}"].to_pylist()]

    def types(self, name):
        return {field.name: str(field.type) for field in self.tables[f"build.{name}"].schema}


def ints(*values):
    return pa.array(values, pa.int64())


def buyers(**columns):
    """Two buyers, the second of whom ordered twice; sums of money are decimals, as dbt's models have them."""
    money = pa.decimal128(18, 2)
    given = {
        "user_no": ints(0, 1),
        "frequency": ints(0, 1),
        "recency_days": ints(0, 7),
        "age_days": ints(10, 20),
        "repeat_net": pa.array([Decimal("0.00"), Decimal("12.50")], money),
        "cut_frequency": ints(-1, -1),
        "cut_recency_days": ints(0, 0),
        "cut_age_days": ints(-80, -70),
        "cut_repeat_net": pa.array([Decimal(0), Decimal(0)], money),
        "held_order_days": ints(1, 2),
        "held_net": pa.array([Decimal("3.00"), Decimal("20.00")], money),
    }
    return given | columns


def store(**tables):
    """A business by hand: tea (0) is needed again after 30 days, cups (1) once; the second buyer bought tea alone."""
    given = {
        "int_identity_nodes": {"node": ints(0, 1, 2, 3), "kind": ["phone", "email", "phone", "device"]},
        "int_identity_edges": {"node_a": ints(1, 3), "node_b": ints(3, 2)},
        "int_buyers_numbered": buyers(),
        "int_categories_numbered": {"category_no": ints(0, 1), "replenishment_days": ints(30, 0)},
        "int_products_numbered": {"sku_no": ints(0, 1), "category_no": ints(0, 1)},
        "int_purchases_numbered": {"user_no": ints(0, 0, 1), "sku_no": ints(0, 1, 0), "day_no": ints(70, 70, 70)},
        "int_attribution_edges": {
            "from_channel": ints(0, 0, 1, 1, 2, 2, 3, 3),
            "to_channel": ints(1, 2, 2, None, 3, 3, 0, None),
            "paths": ints(2, 1, 1, 1, 1, 1, 1, 1),
        },
        "int_referral_inviters": {"user_no": ints(0, 1, 2, 3), "inviter_no": ints(None, 2, 1, 0)},
    }
    return Memory(**(given | tables))


def test_identity():
    engine = store()
    scoring.resolve_identity(engine)
    assert engine.rows("identity_components") == [(0, 0), (1, 1), (2, 1), (3, 1)]
    assert engine.types("identity_components") == {"node": "int32", "root": "int32"}


def test_nobody_to_resolve():
    engine = store(int_identity_nodes={"node": ints()}, int_identity_edges={"node_a": ints(), "node_b": ints()})
    scoring.resolve_identity(engine)
    assert engine.rows("identity_components") == []


@pytest.fixture(scope="module")
def scored():
    engine = store()
    return engine, scoring.score(engine, BOUNDS, DAY)


def test_channels(scored):
    """The worked example: 1 > 2 > 3 converts, 1 and 2 > 3 do not."""
    rows = scored[0].rows("markov_effects")
    assert [channel for channel, _ in rows] == [1, 2, 3]
    assert [effect for _, effect in rows] == pytest.approx([1 / 2, 1, 1])
    assert scored[0].types("markov_effects") == {"channel": "int32", "effect": "double"}


def test_referrals(scored):
    """0 invited 3. 1 and 2 invited each other: 1 came first, so 1 was invited by nobody."""
    assert scored[0].rows("referral_forest") == [
        (0, None, 0, 1, 0, 1, None),
        (1, None, 0, 1, 0, 1, 2),
        (2, 1, 1, 0, 0, 0, None),
        (3, 0, 1, 0, 0, 0, None),
    ]
    names = ("user_no", "inviter_no", "depth", "direct", "indirect", "levels_below", "ring_users")
    assert scored[0].types("referral_forest") == dict.fromkeys(names, "int32")


def test_interests(scored):
    """Tea is due after 30 days, which halve a purchase: 0.5 for each, and by cups 0.5 / sqrt(2) more for 0."""
    half, less = 0.5, np.float32(0.5 / np.sqrt(2))
    assert scored[0].rows("score_interests") == [
        (0, 0, 1, np.float32(half + less), 0, 30),
        (1, 0, 1, half, 0, 30),
        (1, 1, 2, less, 0, 30),
    ]
    assert scored[0].types("score_interests")["score"] == "double"
    assert scored[0].rows("score_interest_quality") == [("interest", 0, 0), ("popularity", 0, 0), ("history", 0, 0)]


def test_values_that_cannot_be_told_are_null(scored):
    engine, results = scored
    assert engine.rows("score_user_values") == [(0, None, None, None, None), (1, None, None, None, None)]
    few = "1 users have ordered on more than one day; 20 are needed"
    assert engine.rows("score_value_models")[0] == ("bg_nbd", "r", None, None, 2, None, None, few)
    assert [(r.check, r.layer, r.severity, r.passed, r.observed) for r in results] == [
        ("bg_nbd_fitted", "scores", "info", False, few),
        ("gamma_gamma_fitted", "scores", "info", False, "1 users have repeat orders of positive net; 20 are needed"),
    ]


def test_values_of_many_buyers(monkeypatch):
    """In batches and out of order, as engines hand them over; the same figures come out whatever the order."""
    monkeypatch.setattr(arrow, "ROWS_AT_ONCE", 7)
    draw = np.random.default_rng(3)
    age = draw.integers(100, 400, 300)
    leaving, rate = draw.beta(0.8, 2.5, 300), draw.gamma(0.8, 1 / 60, 300)
    frequency = np.minimum(draw.geometric(leaving), draw.poisson(rate * age)).astype(int)
    columns = {
        "user_no": np.arange(300),
        "frequency": frequency,
        "recency_days": (age * draw.random(300) * (frequency > 0)).astype(int) + (frequency > 0),
        "age_days": age,
        "repeat_net": frequency * draw.gamma(6, 15 / draw.gamma(4, 1, 300)),
        "cut_frequency": np.full(300, -1),
        **{name: np.zeros(300) for name in ("cut_repeat_net", "held_net")},
        **{name: np.zeros(300, int) for name in ("cut_recency_days", "cut_age_days", "held_order_days")},
    }
    order = draw.permutation(300)
    engine = store(int_buyers_numbered=columns)
    shuffled = store(int_buyers_numbered={name: column[order] for name, column in columns.items()})
    results = steps.write_values(engine, BOUNDS)
    assert steps.write_values(shuffled, BOUNDS) == results
    assert shuffled.rows("score_user_values") == engine.rows("score_user_values")
    assert [(r.check, r.passed, r.severity) for r in results] == [
        ("bg_nbd_fitted", True, "info"),
        ("gamma_gamma_fitted", True, "info"),
    ]
    rows = engine.rows("score_user_values")
    assert [row[0] for row in rows] == list(range(300))
    assert all(None not in row for row in rows)
    models = engine.rows("score_value_models")
    assert [row[:2] for row in models] == [
        *(("bg_nbd", name) for name in ("r", "alpha", "a", "b")),
        *(("gamma_gamma", name) for name in ("p", "q", "v")),
    ]
    assert {row[-1] for row in models} == {None}


@pytest.mark.parametrize(
    ("fit", "severity", "passed"),
    [
        (Fit({"r": 1.0}, -1.0, 100), "info", True),
        (Fit({"r": 1.0}, -1.0, 100, AT_EDGE, at_edge=True), "info", False),
        (Fit(None, None, 3, "3 users", enough=False), "info", False),
        (Fit(None, None, 100, "no maximum found"), "warning", False),
    ],
)
def test_a_search_that_failed_warns(fit, severity, passed):
    result = steps.judge(Model("bg_nbd", ("r",), fit, None))
    assert (result.severity, result.passed) == (severity, passed)


@pytest.mark.parametrize(
    ("tables", "error"),
    [
        (
            {"int_buyers_numbered": buyers(age_days=ints(10, None))},
            "build.int_buyers_numbered.age_days has 1 nulls. Fix: correct the dbt model int_buyers_numbered, "
            "then run again.",
        ),
        (
            {"int_products_numbered": {"sku_no": ints(0, 2), "category_no": ints(0, 1)}},
            "build.int_products_numbered.sku_no does not number its 2 rows 0 to 1. "
            "Fix: let the dbt model int_products_numbered number them by row_number() - 1.",
        ),
        (
            {"int_referral_inviters": {"user_no": ints(1, 1), "inviter_no": ints(None, None)}},
            "build.int_referral_inviters.user_no does not number its 2 rows 0 to 1.",
        ),
        (
            {"int_purchases_numbered": {"user_no": ints(2**31), "sku_no": ints(0), "day_no": ints(0)}},
            "build.int_purchases_numbered.user_no has a value that int32 cannot hold",
        ),
    ],
)
def test_what_models_have_wrong_is_named(tables, error):
    with pytest.raises(UseropsError) as raised:
        scoring.score(store(**tables), BOUNDS, DAY)
    assert str(raised.value).startswith(error)
    assert raised.value.exit_code == 3
