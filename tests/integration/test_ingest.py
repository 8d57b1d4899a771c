"""Loading files: what is good is loaded, what is bad is set aside or refused, and the books are right."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from lake_rows import raw
from userops.checks import CheckResult
from userops.errors import Superseded
from userops.ingest import landing, loader, reading
from userops.ingest.delivery import check_delivery
from userops.ingest.work import list_work
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

DAY = date(2026, 3, 2)
HEADER = (
    "order_id,contact_id,phone,status,placed_at,paid_at,gross_amount,discount_amount,shipping_amount,paid_amount,"
    "currency,sales_channel,updated_at"
)
Edit = Callable[[list[str]], list[str]]


def order(number: int, day: date = DAY, **changed: str) -> str:
    at = f"{day}T10:{number % 60:02}:00"
    row = {
        "order_id": f"o{day}-{number}", "contact_id": f"c{number}", "phone": f"138001{number:05}", "status": "paid",
        "placed_at": at, "paid_at": at, "gross_amount": "10.00", "discount_amount": "0", "shipping_amount": "0",
        "paid_amount": "10.00", "currency": "CNY", "sales_channel": "app", "updated_at": f"{at}+08:00",
    } | changed
    return ",".join(row[name] for name in HEADER.split(","))


def orders(count: int = 200, day: date = DAY) -> list[str]:
    return [HEADER, *(order(number, day) for number in range(count))]


@dataclass
class Place:
    """A landing place and a warehouse of its own for one test."""

    settings: Settings
    connection: psycopg.Connection
    url: str

    def write(self, name: str, lines: list[str] | bytes, day: date = DAY) -> Path:
        path = Path(self.settings.landing) / day.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode())
        return path

    def load(self, export: str = "orders", day: date = DAY) -> list[CheckResult]:
        list_work(self.connection, self.settings, day)
        return loader.load_export(self.connection, self.settings, export, day, "run")

    def check_delivery(self) -> list[CheckResult]:
        return check_delivery(landing.list_folder(self.settings, DAY), self.settings, DAY)

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()

    def raw(self, query: str) -> list[tuple]:
        return raw(self.connection, self.settings, query)


@pytest.fixture
def place(warehouse_url: str, tmp_path: Path) -> Iterator[Place]:
    settings = Settings.load({
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "key",
    })  # fmt: skip
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate meta.load_files, quarantine.rows, vault.identifiers, vault.personal_texts")
    with connect(warehouse_url, "loader") as connection:
        yield Place(settings, connection, warehouse_url)


def blocking(results: list[CheckResult]) -> list[str]:
    return [result.check for result in results if result.blocks]


def test_good_rows_are_loaded_with_types_and_hashes(place: Place) -> None:
    place.write("orders.csv", orders(3))
    assert blocking(place.load()) == []
    found = place.raw("select order_id, placed_at, paid_amount, phone_hash from raw.orders order by 1")
    assert len(found) == 3
    assert place.raw("select min(placed_at)::text from raw.orders") == [
        ("2026-03-02 10:00:00+08",)
    ]
    assert place.rows("select value, hash from vault.identifiers where raw_value = '13800100000'") == [
        ("+8613800100000", found[0][3])
    ]


def at(row: int, **changed: str) -> Edit:
    return lambda lines: [*lines[:row], order(row - 1, **changed), *lines[row + 1 :]]


def on_many(**changed: str) -> Edit:
    return lambda lines: [HEADER, *(order(n, **(changed if n % 10 == 0 else {})) for n in range(len(lines) - 1))]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"paid_amount": "ten"}, "paid_amount is not a valid numeric"),
        ({"placed_at": "2026-02-30T10:00:00"}, "placed_at is not a valid timestamptz"),
        ({"updated_at": "2026-03-02T10:00:00+16:00"}, "updated_at is not a valid timestamptz"),
        ({"status": "lost"}, "status is none of the allowed values"),
        ({"currency": ""}, "currency is empty"),
        ({"updated_at": "2026-03-03T00:00:01+08:00"}, "updated_at is after the business date"),
        ({"gross_amount": "-1"}, "gross_amount is below 0"),
        ({"paid_at": ""}, "a paid status without paid_at"),
        ({"contact_id": "é–‚Ã©"}, "garbled characters"),
        ({"currency": "CNY,"}, "14 fields where the header has 13"),
        ({"paid_amount": '"10,00"'}, "paid_amount is not a valid numeric"),
    ],
)
def test_a_bad_row_is_set_aside_and_many_refuse_the_file(place: Place, changed: dict, reason: str) -> None:
    lines = at(5, **changed)(orders())
    place.write("orders.csv", lines)
    assert blocking(place.load()) == []
    assert place.rows("select line, raw_text, reason from quarantine.rows") == [(6, lines[5], reason)]
    assert place.rows("select rows_in_file, rows_loaded, rows_quarantined from meta.load_files") == [(200, 199, 1)]
    place.write("orders.csv", on_many(**changed)(orders()))
    assert blocking(place.load()) == ["field_count" if "fields" in reason else "bad_rows"]
    assert place.raw("select count(*) from raw.orders") == [(199,)]


@pytest.mark.parametrize(
    ("edit", "check"),
    [
        (lambda lines: [lines[0].replace("paid_amount", "paid"), *lines[1:]], "header"),
        (lambda lines: [line.rsplit(",", 1)[0] for line in lines], "header"),
        (lambda lines: [lines[0].replace("contact_id", "order_id"), *lines[1:]], "header"),
        (lambda lines: lines[:1], "not_empty"),
        (lambda lines: [*lines, *(order(n, gross_amount="99.00") for n in range(6))], "key_conflicts"),
        (lambda lines: [lines[0], *(order(n, date(2026, 3, 1)) for n in range(200))], "business_date"),
        (lambda lines: [*lines[:50], lines[50].replace("c49", '"c49'), *lines[51:]], "file_readable"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(place: Place, edit: Edit, check: str) -> None:
    place.write("orders.csv", edit(orders()))
    assert blocking(place.load()) == [check]
    assert place.raw("select count(*) from raw.orders") == [(0,)]


@pytest.mark.parametrize(
    "content", ["\n".join(orders()).encode()[:-9], "\n".join([*orders(), "订单"]).encode("gb18030"), b""]
)
def test_cut_or_undecodable_bytes_are_refused(place: Place, content: bytes) -> None:
    place.write("orders.csv", content)
    assert len(blocking(place.load())) == 1
    assert place.rows("select state from meta.load_files") == [("refused",)]


def test_a_broken_archive_is_refused(place: Place) -> None:
    place.write("orders.csv.gz", gzip.compress("\n".join(orders()).encode())[:-40])
    assert blocking(place.load()) == ["file_readable"]


def test_yesterdays_rows_under_todays_name_are_refused_in_any_order(place: Place) -> None:
    place.write("orders.csv", orders())
    place.load()
    tomorrow = date(2026, 3, 3)
    place.write("orders.csv", orders(), tomorrow)
    assert blocking(place.load(day=tomorrow)) == ["file_repeated"]
    place.write("orders.csv", [HEADER, *reversed(orders()[1:])], tomorrow)
    assert blocking(place.load(day=tomorrow)) == ["file_repeated"]


def test_the_same_file_again_is_no_work_and_another_replaces_it(place: Place) -> None:
    place.write("orders.csv", orders())
    place.load()
    place.load()
    assert place.rows("select count(*) from meta.load_files") == [(1,)]
    place.write("orders.csv", orders(100))
    assert blocking(place.load()) == []
    assert place.raw("select count(*), count(distinct _load_id) from raw.orders") == [(100, 1)]
    assert place.rows("select state from meta.load_files order by load_id") == [("replaced",), ("loaded",)]


def test_a_file_that_left_the_folder_takes_its_rows_along(place: Place) -> None:
    place.write("orders.1.csv", orders(30)).rename(place.write("orders.2.csv", orders(30)))
    place.load()
    place.write("orders.csv", orders(40))
    (Path(place.settings.landing) / DAY.isoformat() / "orders.2.csv").unlink()
    place.load()
    assert place.raw("select count(*) from raw.orders") == [(40,)]


def test_a_new_column_warns_and_an_absent_currency_is_the_business_currency(place: Place) -> None:
    lines = [line.replace(",CNY,", ",") for line in orders()]
    lines = [lines[0].replace("currency,", "") + ",colour", *(f"{line},red" for line in lines[1:])]
    place.write("orders.csv", lines)
    results = place.load()
    assert [r.check for r in results if not r.passed] == ["unknown_columns"]
    assert place.raw("select distinct currency from raw.orders") == [("CNY",)]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_other_formats_load_alike(place: Place, kind: str) -> None:
    names = HEADER.split(",")
    rows = [dict(zip(names, line.split(","), strict=True)) for line in orders(30)[1:]]
    if kind == "jsonl":
        place.write("orders.jsonl", [json.dumps(row) for row in rows])
    else:
        parquet.write_table(pa.Table.from_pylist(rows), place.write("orders.parquet", b""))
    assert blocking(place.load()) == []
    assert place.raw("select count(*), count(phone_hash) from raw.orders") == [(30, 30)]


def test_the_manifest_must_agree(place: Place) -> None:
    path = place.write("orders.csv", orders())
    entry = {"name": "orders.csv", "rows": 200, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    wrong_rows, wrong_sha256 = entry | {"rows": 201}, entry | {"sha256": "0"}
    for said, check in [(entry, None), (wrong_rows, "manifest_rows"), (wrong_sha256, "manifest_sha256")]:
        with psycopg.connect(place.url) as admin:
            admin.execute("truncate meta.load_files")
        manifest = {"business_date": DAY.isoformat(), "files": [said]}
        place.write("_manifest.json", json.dumps(manifest).encode())
        assert blocking(place.load()) == ([check] if check else [])


def test_what_a_folder_lacks_is_named(place: Place) -> None:
    assert blocking(place.check_delivery()) == ["folder_present"]
    place.write("orders.csv", orders())
    place.write("holiday.txt", b"?")
    results = place.check_delivery()
    assert [r.subject for r in results if r.blocks] == ["channels", "contacts", "order_lines"]
    assert [r.check for r in results if r.severity == "warning"] == ["unknown_file"]
    assert list_work(place.connection, place.settings, DAY).exports == {"channel": [], "orders": ["orders"], "crm": []}


def test_a_local_hour_that_does_not_exist_is_refused(place: Place) -> None:
    summer = date(2026, 3, 29)
    settings = place.settings.model_copy(update={"timezone": "Europe/London"})
    later = f"{summer}T12:00:00Z"
    lines = [HEADER, *(order(n, summer, updated_at=later) for n in range(199))]
    lines.append(order(199, summer, placed_at="2026-03-29T01:30:00", updated_at=later))
    place.write("orders.csv", lines, summer)
    results = loader.load_export(place.connection, settings, "orders", summer, "run")
    assert blocking(results) == ["clock_change"]


UCI = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"] + [
    f"{invoice},S1,\"MUG, RED\",{quantity},2026-03-02 08:00:00,{price},{customer},UK"
    for invoice, quantity, price, customer in [
        ("1", 2, "1.005", "7"), ("1", 2, "1.005", "7"), ("1", -1, "1.0", "7"), ("2", 1, "0.0", ""),
        ("3", 1, "3.0", ""), ("C4", -2, "5.0", "7"),
    ] + [(str(n), 1, "1.0", "8") for n in range(10, 40)]
]


def test_the_uci_platform_yields_canonical_exports(place: Place) -> None:
    place.write("online_retail.csv", UCI)
    settings = place.settings.model_copy(
        update={"sources": ("uci",), "timezone": "Europe/London", "currency": "GBP"}
    )
    assert blocking(check_delivery(landing.list_folder(settings, DAY), settings, DAY)) == []
    for export in ("order_lines", "orders", "contacts", "products"):
        assert blocking(loader.load_export(place.connection, settings, export, DAY, "run")) == []
    assert place.raw(
        "select order_id, contact_id, status, paid_amount::text, currency from raw.orders"
        " where length(order_id) = 5 or order_id = 'uci:C4' order by 1"
    ) == [("uci:1", "uci:7", "completed", "4.02", "GBP"), ("uci:3", None, "completed", "3.00", "GBP"),
          ("uci:C4", "uci:7", "cancelled", "10.00", "GBP")]
    assert place.raw("select line_no, line_amount::text from raw.order_lines where order_id = 'uci:1' order by 1") == [
        (1, "2.01"), (2, "2.01")
    ]
    assert place.rows("select export, line, reason from quarantine.rows order by line") == [
        ("order_lines", 4, "quantity is not above 0"), ("order_lines", 5, "unit price is not above 0")
    ]
    assert place.rows("select export, rows_in_file, rows_loaded from meta.load_files order by 1") == [
        ("contacts", 2, 2), ("order_lines", 36, 34), ("orders", 33, 33), ("products", 1, 1)
    ]


def test_a_file_that_changes_while_it_is_read_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place.write("orders.csv", orders())
    read = reading.read

    def read_late(*arguments: object) -> object:
        place.write("orders.csv", orders(100))
        return read(*arguments)

    monkeypatch.setattr(reading, "read", read_late)
    assert blocking(place.load()) == ["file_unchanged"]
    assert place.raw("select count(*) from raw.orders") == [(0,)]
    monkeypatch.setattr(reading, "read", read)
    assert blocking(place.load()) == []
    assert place.rows("select sha256 from meta.load_files where state = 'loaded'") == [
        (hashlib.sha256(path.read_bytes()).hexdigest(),)
    ]


def test_a_loader_that_was_overtaken_brings_nothing(place: Place) -> None:
    place.write("orders.csv", orders())
    with connect(place.url, "publisher") as connection:
        token = lease.acquire(connection, "first", DAY.isoformat())
        lease.end(connection, "first", "failed")
        lease.acquire(connection, "second", DAY.isoformat())
        lease.end(connection, "second", "failed")
    with pytest.raises(Superseded):
        loader.load_export(place.connection, place.settings, "orders", DAY, "first", token)
    assert place.raw("select count(*) from raw.orders") == [(0,)]
    assert place.rows("select count(*) from meta.load_files") == [(0,)]
