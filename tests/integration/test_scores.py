"""Scores in a warehouse: a business from its folder to the marts, and what a crash does."""

import csv
from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from userops import scoring
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.ingest import loader
from userops.ingest import tables as raw_tables
from userops.settings import Settings
from userops.transform import dbt
from userops.warehouse.connection import connect
from userops.warehouse.schema import migrate

DAY = date(2024, 6, 30)
USERS, CLUSTERS, EACH, ONCE, NEEDED_AGAIN = 300, 4, 8, 4, 25
CONTACT = {"gender": "u"} | {f"{medium}_consent": "false" for medium in ("sms", "email", "wechat", "app_push", "weibo")}
ORDER = {"status": "paid", "discount_amount": 0, "shipping_amount": 0, "currency": "CNY", "sales_channel": "app"}
CHANNEL = {
    "channel_code": "app", "channel_name": "App", "domain": "internal", "category": "other", "is_paid": "false",
    "pricing_model": "free", "started_on": "2023-01-01",
}  # fmt: skip


def orders_of_people_with_taste():
    """(orders, lines): who bought in a cluster of categories buys there again, each in its time; most leave one day."""
    random = np.random.default_rng(7)
    orders, lines = [], []
    for user in range(USERS):
        last, day, leaves = {}, int(random.integers(0, 150)), random.random() * 0.4
        while day < 240:
            ready = [i for i in range(EACH) if i not in last or (i >= ONCE and day - last[i] >= NEEDED_AGAIN)]
            own = int(random.choice(ready)) if ready and random.random() < 0.9 else None
            last[own] = day
            sku = f"s{CLUSTERS * EACH if own is None else user % CLUSTERS * EACH + own}"
            order, amount = f"o{len(orders)}", f"{random.gamma(5, 20) + 1:.2f}"
            at = f"{DAY - timedelta(days=239 - day)}T12:00:00"
            orders.append(ORDER | {"order_id": order, "contact_id": f"c{user}", "placed_at": at, "paid_at": at,
                                   "gross_amount": amount, "paid_amount": amount})  # fmt: skip
            lines.append({"order_id": order, "line_no": 1, "sku": sku, "quantity": 1, "unit_price": amount,
                          "line_amount": amount})  # fmt: skip
            if random.random() < leaves:
                break
            day += 1 + int(random.exponential(15))
    return orders, lines


def deliver(folder):
    """One folder with the whole history. Half of each cluster's categories are bought once."""
    orders, lines = orders_of_people_with_taste()
    products = [
        {"sku": f"s{i}", "product_name": f"P{i}", "category": f"Category {i:02}", "list_price": 10,
         "replenishment_days": NEEDED_AGAIN if i % EACH >= ONCE else ""}
        for i in range(CLUSTERS * EACH + 1)
    ]  # fmt: skip
    exports = {
        "contacts": [CONTACT | {"contact_id": f"c{user}"} for user in range(USERS)],
        "orders": orders,
        "order_lines": lines,
        "products": products,
        "channels": [CHANNEL],
    }
    (folder / str(DAY)).mkdir(parents=True)
    for export, rows in exports.items():
        names = [column.name for column in load_contracts()[export].columns]
        with (folder / str(DAY) / f"{export}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row | {"updated_at": f"{DAY}T20:00:00"} for row in rows)


@pytest.fixture(scope="module")
def business(server_url, tmp_path_factory):
    """(url, settings, results) of a business whose one folder was loaded and built."""
    from conftest import fresh_database

    home = tmp_path_factory.mktemp("scores")
    deliver(home / "landing")
    settings = Settings.load(
        {"USEROPS_HOME": str(home), "USEROPS_LANDING": str(home / "landing"), "USEROPS_HASH_KEY": "k" * 64}
    )
    with fresh_database(server_url) as url:
        migrate(url)
        with connect(url, "loader") as connection:
            raw_tables.ensure_raw_tables(connection)
            for export in ("contacts", "orders", "order_lines", "products", "channels"):
                for result in loader.load_export(connection, settings, export, DAY, "run"):
                    assert result.passed, result
                connection.commit()
        yield url, settings, dbt.build(settings, url, DAY)


def rows_of(url, query):
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


def test_a_night_with_scores_passes_its_checks(business):
    _, _, results = business
    assert [r for r in results if not r.passed] == []
    assert {r.check for r in results if r.layer == "scores"} == {"bg_nbd_fitted", "gamma_gamma_fitted"}
    # Both calls of dbt answer: a mart of users from the first, one of scores from the second.
    assert {"users", "user_value"} <= {r.check for r in results if r.layer == "dbt"}


def test_every_buyer_has_a_value(business):
    url = business[0]
    found = rows_of(url, "select * from build.user_value")
    assert len(found) == USERS
    assert all(row["clv_365"] is not None and 0 <= row["p_alive"] <= 1 for row in found)
    models = rows_of(url, "select * from build.value_model")
    assert [row["parameter"] for row in models] == ["r", "alpha", "a", "b", "p", "q", "v"]
    assert all(row["holdout_error"] < 0.5 for row in models)


def test_interests_name_what_people_come_back_for(business):
    url = business[0]
    quality = {row["method"]: row for row in rows_of(url, "select * from build.interest_quality")}
    assert quality["interest"]["users"] > 50
    assert quality["interest"]["hit_rate"] > quality["popularity"]["hit_rate"]
    assert quality["interest"]["hit_rate"] > quality["history"]["hit_rate"]
    reasons = rows_of(url, "select category, reason from build.interest_predictions where rank = 1")
    assert len(reasons) > USERS / 2
    assert all(row["reason"].startswith("bought Category ") for row in reasons)


def test_a_crash_of_the_scoring_blocks_the_night(business, monkeypatch):
    url, settings, _ = business

    def crash(*_):
        raise psycopg.errors.UniqueViolation("duplicate key\nDETAIL:  Key (phone)=(13800000000) already exists.")

    monkeypatch.setattr(scoring, "run", crash)
    results = dbt._score(settings, url, DAY)
    assert [(r.layer, r.blocks, r.observed) for r in results] == [("scores", True, "UniqueViolation: duplicate key")]


@pytest.mark.parametrize("severity", ["critical", "info"])
def test_marts_of_scores_are_built_only_where_there_are_scores(business, monkeypatch, severity):
    url, settings, _ = business
    parts, remembered = [], []
    monkeypatch.setattr(dbt, "_invoke", lambda *_: type("Done", (), {"result": None}))
    monkeypatch.setattr(dbt, "_build_part", lambda arguments, *_: parts.append(arguments[0]) or ([], True))
    monkeypatch.setattr(
        dbt, "_score", lambda *_: [CheckResult("scores", "scores", "user_value", severity, False, "broke", "scores")]
    )
    monkeypatch.setattr(dbt.increments, "remember", lambda *_: remembered.append(True))
    dbt.build(settings, url, DAY)
    assert parts == (["--exclude"] if severity == "critical" else ["--exclude", "--select"])
    assert remembered == ([] if severity == "critical" else [True])
