"""Scores of a business of people with taste, from its folder to the marts."""

import csv
from datetime import date, timedelta

import numpy as np
import pytest

from oracle import driver
from userops.contracts.model import load_contracts

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


def deliver(landing):
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
    (landing / str(DAY)).mkdir(parents=True)
    for export, rows in exports.items():
        names = [column.name for column in load_contracts()[export].columns]
        with (landing / str(DAY) / f"{export}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(row | {"updated_at": f"{DAY}T20:00:00"} for row in rows)


@pytest.fixture(scope="module")
def built(warehouse_url, tmp_path_factory):
    """The rows of the marts of a business whose one folder was loaded and built."""
    place = tmp_path_factory.mktemp("scores")
    deliver(place / "landing")
    settings = driver.settings_of(warehouse_url, place, "duckdb", "Asia/Shanghai")
    driver.load(settings, DAY)
    return driver.build(settings, DAY)


def test_every_buyer_has_a_value(built):
    assert len(built["user_value"]) == USERS
    assert all(row["clv_365"] is not None and 0 <= row["p_alive"] <= 1 for row in built["user_value"])
    models = {row["parameter"]: row for row in built["value_model"]}
    assert sorted(models) == sorted(["r", "alpha", "a", "b", "p", "q", "v"])
    assert all(row["holdout_error"] < 0.5 and row["note"] is None for row in models.values())


def test_interests_name_what_people_come_back_for(built):
    quality = {row["method"]: row for row in built["interest_quality"]}
    assert quality["interest"]["users"] > 50
    assert quality["interest"]["hit_rate"] > quality["popularity"]["hit_rate"]
    assert quality["interest"]["hit_rate"] > quality["history"]["hit_rate"]
    reasons = [row["reason"] for row in built["interest_predictions"] if row["rank"] == 1]
    assert len(reasons) > USERS / 2
    assert all(reason.startswith("bought Category ") for reason in reasons)
