"""One business, canonical and as files of six platforms: its marts are equal, but for what platforms cannot say.

Both are computed by the oracle, which `make oracle` compares with the warehouse mart by mart. That the files become the
rows which are taken here is tested to the cell in test_simulated_shops.py and test_simulated_advertising.py.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from csv_rows import rows_of
from oracle.business import Business
from oracle.exports import Landing, Row
from oracle.marts import MARTS
from userops.simulate import simulate
from userops.simulate.platforms import as_platforms

START, DAYS, USERS, SEED, ZONE = date(2026, 1, 1), 42, 120, 11, "Asia/Shanghai"
SPLIT = "shopify,taobao,douyin,wecom,google_ads,ocean_engine"
IDENTIFIERS = ("phone", "email", "unionid", "device_id")
ROWS = "(rows)"
# By reason: the marts and their columns that differ for it, ROWS where whole rows do. docs/sources.md tells people.
CANNOT_SAY = {
    "each shop and WeCom knows a person by a contact of its own": {
        "users": {"contacts"},
        "source_daily": {"new_contacts"},
    },
    "a shop is a channel of its own": {"channel_verdicts": {ROWS}},
    "shops have few words for the place where somebody bought": {
        "users": {"preferred_sales_channel"},
        "user_tags": {ROWS, "value"},
    },
    "an order of a shop names no store and no group": {
        "store_performance": {"orders", "net"},
        "group_performance": {"orders", "net", "orders_share"},
    },
    "a shop says what was given back, and neither when nor why": {
        "refunds_daily": {ROWS},
    },
    "a paid order that was cancelled goes on until its money is back": {"users": {"refund_rate"}},
    "who added a member of staff in WeCom may be written to there": {
        "users": {"reachable_wechat"},
        "reachability": {"with_identifier", "with_consent", "reachable", "share"},
        "push_fatigue": {"may_push"},
        "audience_members": {ROWS, "may_wechat"},
    },
    "WeCom knows no member of a group who is nobody's friend": {
        "users": {"groups", "acquired_at"},
        "channel_daily": {ROWS, "group_joins"},
        "group_performance": {
            "members", "joins_30d", "leaves_30d", "buyers", "repurchasers", "repurchase_share", "member_orders_share",
            "first_order_conversion",
        },
        "path_performance": {
            ROWS, "users", "mature_users", "first_order_conversion", "conversion_low", "conversion_high", "lift",
        },
        "private_domain_funnel": {"users", "step_rate", "median_hours"},
    },
    "WeCom does not say when somebody first answered": {
        "users": {"stage"},
        "lifecycle_history": {ROWS, "stage", "valid_to", "is_current"},
        "lifecycle_daily": {ROWS, "users"},
        "lifecycle_moves": {ROWS, "users"},
        "user_tags": {"score"},
    },
    "tags rest on all of that": {
        "tag_value": {
            "users", "coverage", "eligible", "tagged", "outcomes_all", "outcomes_tagged", "outcome_rate_all",
            "outcome_rate_tagged", "verdict",
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A business in which people are known by a phone of their own: who is who is not asked here."""
    folder = tmp_path_factory.mktemp("business")
    simulate(folder, USERS, DAYS, START, SEED, pace=3.0)
    phones: dict[str, str] = {}
    for path in folder.glob("20*/*.csv"):
        rows = rows_of(path)
        if not rows or not set(IDENTIFIERS) & set(rows[0]):
            continue
        for row in rows:
            row |= {name: "" for name in IDENTIFIERS if name in row}
            if path.stem in ("contacts", "orders") and row["contact_id"]:
                row["phone"] = phones.setdefault(row["contact_id"], f"1370000{len(phones):04}")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def known(path: Path) -> Business:
    nights = sorted(date.fromisoformat(folder.name) for folder in path.glob("20*"))
    return Business(Landing.read(path, ZoneInfo(ZONE), nights), nights[-1], "CNY")


def named(ids: Path, ours: Business, theirs: Business) -> dict[str, str]:
    """What the platforms' orders, staff, groups, campaigns and users are called canonically."""
    names = {row["platform_id"]: row["canonical_id"] for row in rows_of(ids) if row["kind"] != "contact"}
    users: dict[str, str] = {}
    pairs = [(user, theirs.identity.of_contact[name]) for name, user in ours.identity.of_contact.items()]
    pairs += [(ours.identity.of_order[names[name]], user) for name, user in theirs.identity.of_order.items()]
    for canonical, of_platforms in pairs:
        assert users.setdefault(of_platforms, canonical) == canonical, "the same people on both sides"
    assert len(set(users.values())) == len(users)
    return names | users


def differences(mart: str, ours: list[Row], theirs: list[Row]) -> Iterator[tuple[str, str]]:
    """Columns in which two rows of one key differ, ROWS where a key is on one side alone; and an example."""
    _, key = MARTS[mart]
    one, other = ({tuple(row[name] for name in key): row for row in rows} for rows in (ours, theirs))
    for name in sorted(one.keys() ^ other.keys(), key=str):
        yield ROWS, f"{name}: {'only canonical' if name in one else 'only of platforms'}"
    for name in one.keys() & other.keys():
        for column, value in one[name].items():
            found = other[name][column]
            if found != value and not (isinstance(value, float) and found == pytest.approx(value)):
                yield column, f"{name}: {value}, of platforms {found}"


def test_marts_are_equal_but_for_what_platforms_cannot_say(business: Path, tmp_path: Path) -> None:
    as_platforms(business, tmp_path, SPLIT, keep_contacts=True)
    ours, theirs = known(business), known(tmp_path / "_truth" / "expected")
    names = named(tmp_path / "_truth" / "ids.csv", ours, theirs)
    found: dict[tuple[str, str], str] = {}
    for mart, (rows_of_mart, _) in MARTS.items():
        renamed = [
            {column: names.get(value, value) if isinstance(value, str) else value for column, value in row.items()}
            for row in rows_of_mart(theirs)
        ]
        for column, example in differences(mart, list(rows_of_mart(ours)), renamed):
            found.setdefault((mart, column), example)
    listed: dict[tuple[str, str], list[str]] = defaultdict(list)
    for reason, marts in CANNOT_SAY.items():
        for mart, columns in marts.items():
            for column in columns:
                listed[mart, column].append(reason)
    wrong = [f"not listed: {place}: {example}" for place, example in found.items() if place not in listed]
    wrong += [f"listed, and the same on both sides: {place}" for place in listed if place not in found]
    assert not wrong, "\n".join(wrong)
