"""What tests of platforms share: a landing place read by sources, over one warehouse."""

import hashlib
import hmac
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from lake_rows import raw
from userops.checks import CheckResult
from userops.ingest import landing, loader
from userops.ingest.delivery import check_delivery
from userops.settings import Settings
from userops.warehouse.connection import connect

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "platforms"
DAY = date(2026, 3, 2)


def pseudonym(prefix: str, name: str) -> str:
    key = hmac.new(b"key", b"pseudonym", hashlib.sha256).hexdigest()
    return f"{prefix}_{hashlib.sha256((key + name).encode()).hexdigest()[:32]}"


@dataclass
class Place:
    """A landing place read by some sources, and the warehouse all tests of this file share."""

    settings: Settings
    connection: psycopg.Connection

    @property
    def folder(self) -> Path:
        return self.folder_of(DAY)

    def folder_of(self, day: date) -> Path:
        path = Path(self.settings.landing) / day.isoformat()
        path.mkdir(parents=True, exist_ok=True)
        return path

    def read_by(self, sources: str, *fixtures: str) -> "Place":
        for fixture in fixtures:
            for path in (FIXTURES / fixture).iterdir():
                shutil.copy(path, self.folder)
        self.settings = self.settings.model_copy(update={"sources": tuple(sources.split(","))})
        return self

    def load(self, day: date = DAY) -> list[CheckResult]:
        folder = landing.list_folder(self.settings, day)
        results, delivered = check_delivery(folder, self.settings, day), folder.delivered
        for export in dict.fromkeys(file.export for file in delivered):
            results += loader.load_export(self.connection, self.settings, export, day, "run")
        return results

    def rows(self, export: str, columns: str, order: str = "1") -> list[tuple]:
        """Stored rows with ids as the platform has them; test_two_shops.py asks for the source's name before them."""
        found = raw(self.connection, self.settings, f"select {columns} from raw.{export} order by {order}")
        return [tuple(self._bare(value) for value in row) for row in found]

    def _bare(self, value: object) -> object:
        starts = [f"{name}:" for name in self.settings.sources]
        if not isinstance(value, str):
            return value
        return next((value.removeprefix(start) for start in starts if value.startswith(start)), value)

    def books(self) -> list[tuple]:
        return self.connection.execute(
            "select export, rows_in_file, rows_loaded, rows_quarantined from meta.load_files"
            " where state = 'loaded' order by export, file_name"
        ).fetchall()

    def quarantine(self) -> list[tuple]:
        return self.connection.execute(
            "select export, line, reason from quarantine.rows order by export, file_name, line"
        ).fetchall()


@contextmanager
def loading(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """The loader's connection to a warehouse with raw tables."""
    with connect(warehouse_url, "loader") as connection:
        connection.execute("set timezone = 'Asia/Shanghai'")
        connection.commit()
        yield connection


def emptied(connection: psycopg.Connection, warehouse_url: str, landing_place: Path) -> Place:
    """A place over that warehouse without a row."""
    connection.rollback()
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate meta.load_files, quarantine.rows, vault.identifiers, vault.personal_texts")
    settings = Settings.load({
        "USEROPS_LANDING": str(landing_place / "landing"), "USEROPS_HOME": str(landing_place / "home"),
        "USEROPS_HASH_KEY": "key",
    })  # fmt: skip
    return Place(settings, connection)


def blocking(results: list[CheckResult]) -> list[str]:
    return [f"{result.subject} {result.check}: {result.observed}" for result in results if result.blocks]


ORDER = (
    "order_id, status, strftime(placed_at, '%m-%d %H:%M:%S'), strftime(paid_at, '%m-%d %H:%M:%S'),"
    " round(gross_amount, 2)::text, round(discount_amount, 2)::text, round(shipping_amount, 2)::text,"
    " round(paid_amount, 2)::text"
)
LINE = "order_id, line_no, sku, quantity, round(unit_price, 2)::text, round(line_amount, 2)::text"
REFUND = "refund_id, order_id, line_no, round(amount, 2)::text, strftime(refunded_at, '%m-%d %H:%M:%S'), reason"
