"""The simulated business is the same for the same seed, adds up, and tells the truth about itself."""

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import phonenumbers
import pytest
import zstandard
from exports_read import bytes_of, changed_at, faults_of, folders_of, latest_of, rows_of, rows_of_all, versions_of

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.simulate import simulate
from userops.simulate.business import REQUIRED_DELTAS
from userops.simulate.clock import Clock
from userops.simulate.delivery import FORMULA_STARTS
from userops.simulate.people import CHUNK

START, NIGHTS, USERS = date(2026, 3, 1), 40, 250
LARGE = 2500
EXPORTS = sorted(load_contracts())
NAMING = ("orders", "friendships", "group_members", "pushes", "coupons", "points", "events", "touches", "reviews",
          "memberships", "stage_events", "erasure_requests")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("business")
    simulate(folder, USERS, NIGHTS, START, 11)
    return folder


@pytest.fixture(scope="module")
def truth(out: Path) -> dict:
    return json.loads((out / "_truth" / "truth.json").read_text())


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough people and nights for everything that a business does to happen."""
    folder = tmp_path_factory.mktemp("large")
    simulate(folder, LARGE, 100, date(2025, 1, 1), 5)
    return folder


def test_same_seed_same_bytes_other_seed_others(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "same", USERS, NIGHTS, START, 11)
    simulate(tmp_path / "other", USERS, NIGHTS, START, 12)
    assert bytes_of(tmp_path / "same") == bytes_of(out)
    assert bytes_of(tmp_path / "other") != bytes_of(out)


def test_a_simulation_is_replaced_and_other_nights_are_left_alone(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path, 30, NIGHTS + 5, START, 1)
    simulate(tmp_path, USERS, NIGHTS, START, 11)
    assert bytes_of(tmp_path) == bytes_of(out)
    (tmp_path / "real" / "2026-03-01").mkdir(parents=True)
    with pytest.raises(UseropsError, match="were not simulated"):
        simulate(tmp_path / "real", 10, 2, START, 1)


def test_every_night_has_every_export_and_a_true_manifest(out: Path) -> None:
    folders = folders_of(out)
    assert [f.name for f in folders] == [str(START + timedelta(days=k)) for k in range(NIGHTS)]
    for folder in folders:
        manifest = json.loads((folder / "_manifest.json").read_text())
        assert manifest["business_date"] == folder.name
        assert sorted(e["name"] for e in manifest["files"]) == [f"{export}.csv" for export in EXPORTS]
        for entry in manifest["files"]:
            path = folder / entry["name"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
            assert len(rows_of(path)) == entry["rows"]
            if path.stem in REQUIRED_DELTAS:
                assert entry["rows"] > 0


@pytest.mark.parametrize(("users", "nights"), [(1, 1), (1, 12), (7, 3)])
def test_the_smallest_business_has_no_empty_required_export(tmp_path: Path, users: int, nights: int) -> None:
    truth = simulate(tmp_path, users, nights, START, 4)
    assert truth["orders"] >= 1
    for folder in folders_of(tmp_path):
        assert all(rows_of(folder / f"{export}.csv") for export in REQUIRED_DELTAS)


def test_amounts_add_up_in_every_version(out: Path) -> None:
    lines: dict[str, dict[str, dict]] = defaultdict(dict)
    orders = 0
    for folder in folders_of(out):
        for line in sorted(rows_of(folder / "order_lines.csv"), key=changed_at):
            lines[line["order_id"]][line["line_no"]] = line
        last = {row["order_id"]: row for row in sorted(rows_of(folder / "orders.csv"), key=changed_at)}
        for order in (row for row in last.values() if row["updated_at"][:10] == folder.name):
            orders += 1
            of_order = lines[order["order_id"]].values()
            assert sorted(int(line["line_no"]) for line in of_order) == list(range(1, len(of_order) + 1))
            net = sum(Decimal(line["line_amount"]) for line in of_order)
            gross = sum(Decimal(line["unit_price"]) * int(line["quantity"]) for line in of_order)
            assert Decimal(order["paid_amount"]) == net + Decimal(order["shipping_amount"])
            assert Decimal(order["gross_amount"]) == gross
            assert Decimal(order["discount_amount"]) == gross - net
            assert order["paid_at"] or order["status"] in ("created", "cancelled")
            assert not (order["paid_at"] and order["status"] == "created")
    assert orders > 100


def test_contacts_are_known_before_anything_names_them(large: Path) -> None:
    known: set[str] = set()
    for folder in folders_of(large):
        contacts = rows_of(folder / "contacts.csv")
        known |= {c["contact_id"] for c in contacts}
        for export in NAMING:
            named = {r["contact_id"] for r in rows_of(folder / f"{export}.csv")} - {""}
            assert named <= known, (folder.name, export)
        assert {c["referrer_contact_id"] for c in contacts} - {""} <= known
        assert {r["inviter_contact_id"] for r in rows_of(folder / "group_members.csv")} - {""} <= known
    assert len(known) > LARGE  # some people come in twice


def test_rows_lie_in_the_folder_of_their_day(large: Path) -> None:
    """Save orders that come once more as they were, and what a night without news repeats."""
    delivered: set[tuple] = set()
    again = 0
    for folder in folders_of(large):
        day = date.fromisoformat(folder.name)
        for export in EXPORTS:
            for row in rows_of(folder / f"{export}.csv"):
                changed = row.get("updated_at")
                if export in REQUIRED_DELTAS:
                    delivered.add((export, *row.values()) if changed_at(row).date() == day else ())
                if changed and datetime.fromisoformat(changed).date() != day:
                    again += 1
                    assert export in REQUIRED_DELTAS and (export, *row.values()) in delivered
    assert 0 < again < 50


def test_truth_is_what_the_files_say(large: Path) -> None:
    truth = json.loads((large / "_truth" / "truth.json").read_text())
    orders = latest_of(large, "orders")
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for refund in latest_of(large, "refunds").values():
        refunded[refund["order_id"]] += Decimal(refund["amount"])
    net: dict[str, Decimal] = defaultdict(Decimal)
    counted = 0
    for (order_id,), order in orders.items():
        paid = Decimal(order["paid_amount"])
        if order["paid_at"] and order["status"] != "cancelled" and refunded[order_id] < paid:
            counted += 1
            net[order["currency"]] += paid - refunded[order_id]
    assert (len(orders), counted) == (truth["orders"], truth["counted_orders"])
    assert {k: str(v) for k, v in net.items()} == truth["net_by_currency"]
    assert len(net) == 3


def test_shared_identifiers_are_carried_by_too_many(out: Path, truth: dict) -> None:
    contacts = list(latest_of(out, "contacts").values())
    identity = truth["identity"]
    assert [c["phone"] for c in contacts].count(identity["shared_phone"]) in (6, identity["shared_phone_contacts"])
    devices = Counter(c["device_id"] for c in contacts if c["device_id"])
    assert devices.most_common(1)[0] == ("dev99999999", identity["shared_device_contacts"])
    assert devices.most_common(2)[1][1] == 1


def _same_spelling(value: str) -> str:
    parsed = phonenumbers.parse(value.lstrip("'"), "CN")
    assert phonenumbers.is_valid_number(parsed)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def test_second_contacts_are_tied_on_the_day_that_the_truth_says(large: Path) -> None:
    carried: dict[str, dict[str, date]] = defaultdict(dict)
    for folder in folders_of(large):
        for row in rows_of(folder / "contacts.csv"):
            for kind, value in (("phone", row["phone"] and _same_spelling(row["phone"])),
                                ("email", row["email"].lower()), ("unionid", row["unionid"])):
                if value:
                    carried[f"{kind}:{value}"].setdefault(row["contact_id"], date.fromisoformat(folder.name))
    people = rows_of(large / "_truth" / "people.csv")
    seconds = {r["contact_id"]: r for r in people if r["contact_id"].endswith("B") and r["tied_on"]}
    found = {}
    for value, by in carried.items():
        if len(by) == 2:
            first, second = sorted(by)
            assert second == f"{first}B"
            found[second] = (max(by.values()).isoformat(), value.split(":")[0])
    assert found == {k: (r["tied_on"], r["tied_by"]) for k, r in seconds.items()}
    assert sum(r["tied_on"] > r["known_on"] for r in seconds.values()) > 10  # learnt late


def test_nobody_who_was_erased_comes_again(large: Path) -> None:
    erased: set[str] = set()
    for folder in folders_of(large):
        for export in (*NAMING, "contacts"):
            again = {r["contact_id"] for r in rows_of(folder / f"{export}.csv")} & erased
            assert not again, (folder.name, export)
        requests = rows_of(folder / "erasure_requests.csv")
        erased |= {r["contact_id"] for r in requests if r["scope"] == "erase"}
    assert len(erased) >= 3


def test_nobodys_refusal_is_turned_into_consent(large: Path) -> None:
    consents: dict[str, tuple] = {}
    withdrawn = 0
    for row in sorted(versions_of(large, "contacts"), key=changed_at):
        now = tuple(row[c] == "true" for c in row if c.endswith("_consent"))
        before = consents.get(row["contact_id"], now)
        assert all(b or not n for b, n in zip(before, now, strict=True))
        withdrawn += before != now
        consents[row["contact_id"]] = now
    assert withdrawn > 90


def test_messages_keep_to_consent_and_refusal(large: Path) -> None:
    of_medium = {"sms": "sms", "email": "email", "wechat_oa": "wechat", "wecom": "wechat", "app": "app_push",
                 "weibo": "weibo"}
    state: dict[str, dict] = {}
    for folder in folders_of(large):
        for push in rows_of(folder / "pushes.csv"):
            known = state.get(push["contact_id"])
            if known:  # as it stood the evening before
                assert known[f"{of_medium[push['medium']]}_consent"] == "true" or push["opened_at"], push
        for row in sorted(rows_of(folder / "contacts.csv"), key=changed_at):
            state[row["contact_id"]] = row


def test_points_are_never_below_nothing(large: Path) -> None:
    balance: dict[str, int] = defaultdict(int)
    entries = sorted(versions_of(large, "points"), key=changed_at)
    for row in entries:
        balance[row["contact_id"]] += int(row["points"])
        assert balance[row["contact_id"]] >= 0, row
    assert {row["reason"] for row in entries} == set(load_contracts()["points"].column("reason").allowed)


def test_clicks_never_exceed_impressions_and_corrections_come(out: Path) -> None:
    versions = versions_of(out, "ad_stats")
    assert all(int(r["clicks"]) <= int(r["impressions"]) for r in versions)
    assert len(latest_of(out, "ad_stats")) < len(versions)


def test_cells_are_neutral_and_phones_are_phones(out: Path) -> None:
    number = re.compile(r"[+-]\d[\d. ]*")
    for path in out.glob("20*/*.csv"):
        for row in rows_of(path):
            for value in row.values():
                assert not value.startswith(FORMULA_STARTS), path
                assert value[:1] not in ("+", "-") or number.fullmatch(value), path
    phones = [c["phone"] for c in latest_of(out, "contacts").values() if c["phone"]]
    assert len({_same_spelling(phone) for phone in phones}) < len(phones)
    assert {"plain" if p.isdigit() else p[0] if p[0] in "+'" else " " for p in phones} >= {"plain", "+", " "}


def test_rows_keep_the_contracts(out: Path) -> None:
    for contract, row, end in rows_of_all(out, ZoneInfo("Asia/Shanghai")):
        assert not faults_of(contract, row, end), (contract.name, row)


@pytest.mark.parametrize("start", [date(2025, 3, 20), date(2025, 10, 16)])
def test_a_zone_with_clock_changes(tmp_path: Path, start: date) -> None:
    """No moment falls into the hour left out, and one that the clock shows twice says which it is."""
    zone = ZoneInfo("Europe/London")
    simulate(tmp_path, 2000, 20, start, 2, timezone="Europe/London", currency="GBP", country="GB")
    seen = set()
    for contract, row, end in rows_of_all(tmp_path, zone):
        assert not faults_of(contract, row, end), (contract.name, row)
        for column in (c for c in contract.columns if c.type == "timestamptz" and row[c.name]):
            moment = datetime.fromisoformat(row[column.name])
            if moment.tzinfo:
                assert moment.astimezone(zone).utcoffset() == moment.utcoffset()
                seen.add(str(moment.utcoffset()))
            else:
                wall = moment.replace(tzinfo=zone)
                assert wall.utcoffset() == wall.replace(fold=1).utcoffset(), row
    assert seen == {"0:00:00", "1:00:00"}
    for (_,), contact in latest_of(tmp_path, "contacts").items():
        if contact["phone"]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(contact["phone"].lstrip("'"), "GB"))


def test_the_clock_of_a_zone() -> None:
    clock = Clock(date(2025, 3, 29), 3, "Europe/London")
    assert clock.end == 71 * 3600  # the second day has 23 hours
    left_out = clock.at(np.array([1]), np.array([5400]))
    assert (clock.day(left_out)[0], clock.second(left_out)[0]) == (1, 9000)
    back = Clock(date(2025, 10, 25), 3, "Europe/London")
    twice = back.at(np.array([1]), np.array([5400])) + np.array([0, 3600])
    assert back.second(twice).tolist() == [5400, 5400] and back.is_doubtful(twice).all()
    assert back.offsets()[:1] and Clock(START, 5, "Asia/Shanghai").offsets() == ["+08:00"]


def test_a_business_without_some_exports(tmp_path: Path) -> None:
    left_out = ["staff", "friendships", "groups", "group_members", "points", "fx_rates", "coupons"]
    simulate(tmp_path, 200, 8, START, 3, without=left_out)
    for folder in folders_of(tmp_path):
        assert {p.stem for p in folder.glob("*.csv")} == set(EXPORTS) - set(left_out)
        for order in rows_of(folder / "orders.csv"):
            assert order["group_id"] == order["courier_id"] == order["coupon_id"] == ""
            assert order["sales_channel"] != "group" and order["currency"] == "CNY"


@pytest.mark.parametrize("format", ["csv.gz", "csv.zst", "parquet"])
def test_the_same_rows_in_other_formats(out: Path, tmp_path: Path, format: str) -> None:
    simulate(tmp_path, USERS, NIGHTS, START, 11, format=format)
    folder = folders_of(tmp_path)[20]
    manifest = json.loads((folder / "_manifest.json").read_text())
    for entry in manifest["files"]:
        data = (folder / entry["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"]
        plain = (out / folder.name / entry["name"].split(".")[0]).with_suffix(".csv")
        if format == "csv.gz":
            assert gzip.decompress(data) == plain.read_bytes()
        elif format == "csv.zst":
            unpacked = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True)
            assert unpacked.read() == plain.read_bytes()
        else:
            import pyarrow.parquet as parquet

            rows = parquet.read_table(folder / entry["name"]).to_pylist()
            assert [{k: v or "" for k, v in row.items()} for row in rows] == rows_of(plain)
            assert entry["rows"] == len(rows)


@pytest.mark.parametrize("wrong", [
    {"users": 0}, {"nights": 0}, {"currency": "XXX"}, {"country": "XX"}, {"format": "xml"}, {"without": ["orders"]},
    {"without": ["nothing"]}, {"pace": 0}, {"timezone": "Mars"},
])
def test_nonsense_is_refused(tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(UseropsError):
        simulate(**{"out": tmp_path, "users": 10, "nights": 2, "start": START, "seed": 1} | wrong)


def test_chunks_do_not_share_people(tmp_path: Path) -> None:
    simulate(tmp_path, CHUNK + 500, 1, START, 1)
    contacts = [r["contact_id"] for r in rows_of(folders_of(tmp_path)[0] / "contacts.csv")]
    assert len(set(contacts)) == CHUNK + 500
    keys = [(r["order_id"], r["updated_at"]) for r in versions_of(tmp_path, "orders")]
    assert len(set(keys)) == len(keys) > 1000
