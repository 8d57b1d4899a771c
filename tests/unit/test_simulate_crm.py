"""The demo's channel and CRM exports fit the real invoices and say that they are simulated."""

import csv
import gzip
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from exports_read import faults_of, rows_of, rows_of_all

from userops.errors import UseropsError
from userops.simulate import simulate_crm

START = date(2011, 3, 1)
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
            day = START + timedelta(days=min(n, 122 + n % 3))
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
        for contact in rows_of(landing / "landing" / name / "contacts.csv"):
            registered.setdefault(contact["contact_id"], contact["registered_at"])
        for invoice in invoices:
            if invoice["InvoiceDate"][:10] <= name:
                at = datetime.fromisoformat(registered[f"uci:{invoice['CustomerID']}"]).replace(tzinfo=None)
                assert at < datetime.fromisoformat(invoice["InvoiceDate"])
    assert len(registered) > 60  # some never order


def test_uci_names_say_simulated_and_identifiers_are_distinct(landing: Path) -> None:
    folder = landing / "landing" / FOLDERS[0]
    assert all(r["channel_name"].endswith(" (simulated)") for r in rows_of(folder / "channels.csv"))
    assert all(r["campaign_name"].endswith(" (simulated)") for r in rows_of(folder / "campaigns.csv"))
    contacts = {r["contact_id"]: r for name in FOLDERS for r in rows_of(landing / "landing" / name / "contacts.csv")}
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


def test_rows_keep_the_contracts(landing: Path) -> None:
    for contract, row, end in rows_of_all(landing / "landing", ZoneInfo("Europe/London")):
        assert not faults_of(contract, row, end), (contract.name, row)


def test_a_landing_without_folders_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UseropsError, match="no dated folder"):
        simulate_crm(tmp_path / "missing.csv", tmp_path, 1)
