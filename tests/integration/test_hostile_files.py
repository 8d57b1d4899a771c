"""Hostile deliveries: names, archives and cells are data. No SQL effect, nothing read outside the folder."""

import csv
import gzip
import io
import os
import resource
from datetime import date
from pathlib import Path

import psycopg
import pytest
import zstandard

from lake_rows import raw
from userops.contracts.model import load_contracts
from userops.ingest import landing, loader, records, scan
from userops.ingest.delivery import check_delivery
from userops.settings import Settings
from userops.warehouse.connection import connect

DAY = date(2026, 3, 2)
ATTACKS = [
    "'; drop table raw.orders; --", '"; drop table raw.orders; --', "$$; select pg_sleep(9); $$", "\\copy x", "%s%(a)s",
    "{0}{name}",
    "=cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "+1", "<script>alert(1)</script>", "\u202egnp.exe", "\ufeffid",
    "a" * 200, "\t\n", "\x1b[31m", "NULL", "\\N", "\\.", "_row", "_load_id", "order_id ", "ORDER_ID", "select",
    "' or '1'='1", "；delete from raw.orders", "␀", "💣", "éa" * 30, "$(reboot)", "`id`", "| id",
    "&& id", "*", "?", "[a-z]", "~", "-rf", "--help", "CON", "..", "%2e%2e", "file:", "s3:", "::",
    "\u2028", "\xa0", "\x7f",
]
NAMES = [f"{attack}{number}" for number in range(11) for attack in ATTACKS][:500]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "key",
    })  # fmt: skip


@pytest.fixture
def folder(settings: Settings) -> Path:
    made = Path(settings.landing) / DAY.isoformat()
    made.mkdir(parents=True)
    return made


@pytest.fixture
def loading(warehouse_url: str):
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate meta.load_files, quarantine.rows")
    with connect(warehouse_url, "loader") as connection:
        yield connection


def products(names: list[str], more: list[str] | tuple[str, ...] = ()) -> bytes:
    """The export `products` with a row a name, and columns nobody asked for."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["sku", "product_name", "category", "subcategory", "list_price", *more])
    for number, name in enumerate(names):
        writer.writerow([f"s{number}", name, "c", "s", "1.00", *([name] * len(more))])
    return out.getvalue().encode()


def test_five_hundred_hostile_file_names(settings: Settings, folder: Path, loading: psycopg.Connection) -> None:
    taken = set()
    for name in NAMES:
        name = name.replace("/", "∕").replace(".", "．")[:60]
        for file_name in (name, f"{name}.csv", f"products.{name}.csv"):
            try:
                (folder / file_name).write_bytes(products(["x"]))
            except OSError:
                continue
            taken.add(file_name)
    assert len(taken) >= 1400
    listed = landing.list_folder(settings, DAY)
    known, unknown = {file.name for file in listed.delivered}, set(listed.unknown)
    hidden = {name for name in taken if name.startswith((".", "_"))}
    assert known | unknown | hidden == taken
    assert all(file.export == "products" for file in listed.delivered)
    results = check_delivery(listed, settings, DAY)
    assert sum(result.check == "unknown_file" for result in results) == len(unknown)
    for name in sorted(known)[40:]:
        (folder / name).unlink()
    assert [r for r in loader.load_export(loading, settings, "products", DAY, "run") if not r.passed] == []
    assert raw(loading, settings, "select count(*) from raw.products") == [(40,)]


def test_five_hundred_hostile_columns_and_cells(settings: Settings, folder: Path, loading: psycopg.Connection) -> None:
    columns = list(dict.fromkeys(name.strip() for name in NAMES if name.strip()))
    (folder / "products.csv").write_bytes(products(NAMES, columns))
    repaired, unknown = [r for r in loader.load_export(loading, settings, "products", DAY, "run") if not r.passed]
    assert (repaired.check, repaired.severity) == ("cells_repaired", "warning")
    assert unknown.check == "unknown_columns" and len(unknown.observed) < 1000
    loaded = raw(loading, settings, "select count(*) from raw.products")[0][0]
    aside = loading.execute("select count(*) from quarantine.rows").fetchone()[0]
    assert loaded + aside == len(NAMES)
    kept = {row[0] for row in raw(loading, settings, "select product_name from raw.products")}
    assert kept <= {name.replace("\r\n", "\n").strip("\ufeff\xa0") for name in NAMES}
    assert loading.execute("select to_regclass('meta.load_files') is not null").fetchone()[0]


def test_more_columns_than_a_table_holds(settings: Settings, folder: Path, loading: psycopg.Connection) -> None:
    (folder / "products.csv").write_bytes(products(["x"], [f"c{number}" for number in range(1700)]))
    blocking = [r for r in loader.load_export(loading, settings, "products", DAY, "run") if r.blocks]
    assert [(r.check, r.observed) for r in blocking] == [("header", "1705 columns")]


def test_nothing_outside_the_folder_is_opened(settings: Settings, folder: Path) -> None:
    outside = folder.parent / "secret.csv"
    outside.write_text("order_id\n1\n")
    (folder / "orders.csv").symlink_to(outside)
    (folder / "contacts.csv").symlink_to("/etc/passwd")
    os.mkfifo(folder / "products.csv")
    (folder / "channels.csv").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/orders.\xff\xfe.csv")).write_text("order_id\n1\n")
    listed = landing.list_folder(settings, DAY)
    assert listed.delivered == ()
    assert len(listed.unknown) == 5
    assert all(name.encode() for name in listed.unknown)


@pytest.mark.parametrize("packed", [".gz", ".zst"])
def test_an_archive_that_grows_is_refused_in_bounded_memory(
    settings: Settings, folder: Path, loading: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, packed: str
) -> None:
    """One line without an end, more bytes than the limit, and more bad records than anyone looks at."""
    monkeypatch.setattr(scan, "unpacked_limit", lambda *_: 24 << 20)
    monkeypatch.setattr(records, "MOST_BAD", 50_000)
    pack = gzip.compress if packed == ".gz" else zstandard.ZstdCompressor().compress
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    header = ",".join(column.name for column in load_contracts()["products"].columns).encode() + b"\n"
    contents = (
        header + b"x" * (20 << 20),
        header + (b"x" * 999 + b"\n") * (30 << 10),
        header + b"s,\n" * (4 << 20),
    )
    for content in contents:
        (folder / f"products.csv{packed}").write_bytes(pack(content))
        results = loader.load_export(loading, settings, "products", DAY, "run")
        assert [r.check for r in results if r.blocks] == ["file_readable"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
