"""The simulated business is the same for the same seed, adds up, and tells the truth about itself."""

import csv
import gzip
import hashlib
import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import phonenumbers
import pytest
import yaml

from userops.errors import UseropsError
from userops.simulate import simulate, simulate_crm
from userops.simulate.book import FORMULA_STARTS
from userops.simulate.columns import COLUMNS, REQUIRED_DELTAS

START, NIGHTS, USERS = date(2026, 3, 1), 40, 250
CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"


def _rows(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _latest(out: Path, export: str, *key: str) -> dict[tuple, dict]:
    """The last version of each key over all folders."""
    versions = [r for folder in sorted(out.glob("20*")) for r in _rows(folder / f"{export}.csv")]
    return {tuple(r[k] for k in key): r for r in sorted(versions, key=lambda r: r["updated_at"])}


def _bytes(out: Path) -> dict[str, str]:
    return {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(out.rglob("*.*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("business")
    simulate(folder, USERS, NIGHTS, START, 11)
    return folder


@pytest.fixture(scope="module")
def truth(out: Path) -> dict:
    return json.loads((out / "_truth" / "truth.json").read_text())


def test_same_seed_same_bytes_other_seed_others(out: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "same", USERS, NIGHTS, START, 11)
    simulate(tmp_path / "other", USERS, NIGHTS, START, 12)
    assert _bytes(tmp_path / "same") == _bytes(out)
    assert _bytes(tmp_path / "other") != _bytes(out)


def test_every_night_has_every_export_and_a_true_manifest(out: Path) -> None:
    folders = sorted(out.glob("20*"))
    assert [f.name for f in folders] == [str(START + timedelta(days=k)) for k in range(NIGHTS)]
    for folder in folders:
        manifest = json.loads((folder / "_manifest.json").read_text())
        assert manifest["business_date"] == folder.name
        assert {e["name"] for e in manifest["files"]} == {f"{export}.csv" for export in COLUMNS}
        for entry in manifest["files"]:
            path = folder / entry["name"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
            assert len(_rows(path)) == entry["rows"]
            if path.stem in REQUIRED_DELTAS:
                assert entry["rows"] > 0


def test_amounts_add_up_in_every_folder(out: Path) -> None:
    lines: dict[str, dict[str, dict]] = defaultdict(dict)
    orders = 0
    for folder in sorted(out.glob("20*")):
        for line in _rows(folder / "order_lines.csv"):
            lines[line["order_id"]][line["line_no"]] = line
        for order in sorted(_rows(folder / "orders.csv"), key=lambda row: row["updated_at"])[-1:]:
            orders += 1
            of_order = lines[order["order_id"]].values()
            net = sum(Decimal(line["line_amount"]) for line in of_order)
            gross = sum(Decimal(line["unit_price"]) * int(line["quantity"]) for line in of_order)
            assert Decimal(order["paid_amount"]) == net + Decimal(order["shipping_amount"])
            assert Decimal(order["gross_amount"]) == gross
            assert Decimal(order["discount_amount"]) == gross - net
            assert (order["paid_at"] == "") == (order["status"] in ("created", "cancelled"))
    assert orders == NIGHTS


def test_contacts_are_known_before_anything_names_them(out: Path) -> None:
    known: set[str] = set()
    for folder in sorted(out.glob("20*")):
        contacts = _rows(folder / "contacts.csv")
        known |= {c["contact_id"] for c in contacts}
        for export in ("orders", "friendships", "group_members", "pushes", "coupons", "points", "events", "touches"):
            named = {r["contact_id"] for r in _rows(folder / f"{export}.csv")} - {""}
            assert named <= known, (folder.name, export)
        referrers = {c["referrer_contact_id"] for c in contacts} - {""}
        assert referrers <= known
    assert len(known) > USERS  # some people come in twice


def test_rows_lie_in_the_folder_of_their_day(out: Path) -> None:
    for folder in sorted(out.glob("20*")):
        day = date.fromisoformat(folder.name)
        again = 0
        for export in sorted(set(COLUMNS) - {"channels"}):
            for row in _rows(folder / f"{export}.csv"):
                changed = row.get("updated_at")
                if changed and datetime.fromisoformat(changed).date() != day:
                    again += 1
                    assert export in REQUIRED_DELTAS
        assert again <= len(REQUIRED_DELTAS)


def test_truth_is_what_the_files_say(out: Path, truth: dict) -> None:
    orders = _latest(out, "orders", "order_id")
    refunded: dict[str, Decimal] = defaultdict(Decimal)
    for refund in _latest(out, "refunds", "refund_id").values():
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
    phones = [c["phone"] for c in _latest(out, "contacts", "contact_id").values()]
    assert phones.count("13800009999") == truth["shared_phone"]["contacts"] == 7


def test_better_channels_bring_more_buyers(tmp_path: Path) -> None:
    simulate(tmp_path, 1500, 60, START, 3)
    buyers = {o["contact_id"] for o in _latest(tmp_path, "orders", "order_id").values() if o["paid_at"]}
    contacts = _latest(tmp_path, "contacts", "contact_id").values()
    share = {}
    for code in ("short_video", "store_qr"):
        brought = [c["contact_id"] for c in contacts if c["source_channel_code"] == code]
        share[code] = len(buyers.intersection(brought)) / len(brought)
    assert share["store_qr"] > 1.5 * share["short_video"]


def test_clicks_never_exceed_impressions_and_corrections_come(out: Path) -> None:
    versions = [r for f in sorted(out.glob("20*")) for r in _rows(f / "ad_stats.csv")]
    assert all(int(r["clicks"]) <= int(r["impressions"]) for r in versions)
    latest = _latest(out, "ad_stats", "stat_date", "channel_code", "campaign_id", "keyword")
    assert len(latest) < len(versions)


def test_cells_are_neutral_and_phones_are_phones(out: Path) -> None:
    for path in out.glob("20*/*.csv"):
        for row in _rows(path):
            assert not any(value.startswith(FORMULA_STARTS) for value in row.values()), path
    for (_,), contact in _latest(out, "contacts", "contact_id").items():
        if contact["phone"]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(contact["phone"], "CN"))


def _contract(export: str) -> dict:
    return yaml.safe_load((CONTRACTS / f"{export}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("export", sorted(COLUMNS))
def test_headers_are_those_of_the_contracts(export: str) -> None:
    assert tuple(column["name"] for column in _contract(export)["columns"]) == COLUMNS[export]


def _faults(contract: dict, row: dict, day: str) -> list[str]:
    """Which of the plain rules of the contract the row breaks."""
    faults = []
    for column in contract["columns"]:
        value, name = row[column["name"]], column["name"]
        if value == "":
            faults += [] if column.get("nullable") or "empty" in column else [f"{name} is empty"]
            continue
        forbidden = bool(column.get("allowed")) and value not in map(str, column["allowed"])
        too_low = "min" in column and Decimal(value) < column["min"]
        if forbidden or too_low or (column.get("past") and value[:10] > day):
            faults.append(f"{name} = {value} in the folder of {day}")
    return faults


def test_rows_keep_the_contracts(out: Path, landing: Path) -> None:
    folders = sorted(out.glob("20*")) + sorted((landing / "landing").glob("20*"))
    for path in (path for folder in folders for path in sorted(folder.glob("*.csv"))):
        contract = _contract(path.stem)
        for row in _rows(path):
            assert not _faults(contract, row, path.parent.name), path


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UseropsError):
        simulate(tmp_path, 0, 5, START, 1)
    with pytest.raises(UseropsError):
        simulate_crm(tmp_path / "missing.csv", tmp_path, 1)


FOLDERS = ("2011-06-30", "2011-07-01", "2011-07-02")


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real-shaped invoices of 60 customers, and a landing of a backlog folder and two nights."""
    root = tmp_path_factory.mktemp("uci")
    with gzip.open(root / "online_retail.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
        )
        for n in range(200):
            day = START.replace(year=2011) + timedelta(days=min(n, 122 + n % 3))
            customer = "" if n % 9 == 0 else 12346 + n % 60
            prefix = "C" if n % 20 == 3 else ""
            writer.writerow([f"{prefix}{536365 + n}", "A", "A, b", 1, f"{day} 06:15:00", "2.55", customer, "UK"])
    for number, name in enumerate(FOLDERS):
        (root / "landing" / name).mkdir(parents=True)
        if number == 0:
            manifest = {"business_date": name, "files": [{"name": "online_retail.csv.gz", "rows": 1, "sha256": "x"}]}
            (root / "landing" / name / "_manifest.json").write_text(json.dumps(manifest))
    simulate_crm(root / "online_retail.csv.gz", root / "landing", 5)
    return root


def test_uci_contacts_stand_before_their_first_invoice(landing: Path) -> None:
    with gzip.open(landing / "online_retail.csv.gz", "rt", newline="") as file:
        invoices = [r for r in csv.DictReader(file) if r["CustomerID"]]
    registered: dict[str, str] = {}
    for name in FOLDERS:
        for contact in _rows(landing / "landing" / name / "contacts.csv"):
            registered.setdefault(contact["contact_id"], contact["registered_at"])
        for invoice in invoices:
            if invoice["InvoiceDate"][:10] <= name:
                at = datetime.fromisoformat(registered[invoice["CustomerID"]]).replace(tzinfo=None)
                assert at < datetime.fromisoformat(invoice["InvoiceDate"])
    assert len(registered) > 60  # some never order


def test_uci_names_say_simulated_and_identifiers_are_distinct(landing: Path) -> None:
    folder = landing / "landing" / FOLDERS[0]
    assert all(r["channel_name"].endswith(" (simulated)") for r in _rows(folder / "channels.csv"))
    assert all(r["campaign_name"].endswith(" (simulated)") for r in _rows(folder / "campaigns.csv"))
    contacts = {r["contact_id"]: r for name in FOLDERS for r in _rows(landing / "landing" / name / "contacts.csv")}
    for column in ("phone", "email", "unionid", "external_userid", "device_id"):
        given = [c[column] for c in contacts.values() if c[column]]
        assert len(given) == len(set(given)), column
    for contact in contacts.values():
        assert not contact["email"] or contact["email"].endswith("@example.com")
        if contact["phone"]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(contact["phone"], "GB"))


def test_uci_manifests_are_added_to_and_never_begun(landing: Path) -> None:
    folder = landing / "landing" / FOLDERS[0]
    names = [e["name"] for e in json.loads((folder / "_manifest.json").read_text())["files"]]
    assert names[0] == "online_retail.csv.gz" and "contacts.csv" in names
    assert not (landing / "landing" / FOLDERS[1] / "_manifest.json").exists()


def test_uci_same_seed_same_bytes(landing: Path, tmp_path: Path) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    simulate_crm(landing / "online_retail.csv.gz", tmp_path, 5)
    for path in sorted(tmp_path.rglob("*.csv")):
        assert path.read_bytes() == (landing / "landing" / path.relative_to(tmp_path)).read_bytes()
