"""Ingest beside COPY: rows a second of a whole load (read, judge, hash, store) against the server's COPY of the same
file into a table of texts, export by export, and of a platform's file against the canonical one.

    python benchmarks/ingest.py --users 100000

Both sides of a ratio are measured in turns in one run on one embedded server; the best of `--rounds` counts.
"""

import argparse
import csv
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import history
import psycopg
from psycopg import sql

from userops.ingest import load_export
from userops.settings import Settings
from userops.warehouse.connection import connect
from userops.warehouse.embedded import EmbeddedServer
from userops.warehouse.schema import migrate

LEAST_ROWS = 20_000
BOUNDS = {"contacts": 0.3}
BOUND, PLATFORM_BOUND = 0.6, 0.5
PLATFORM = "orders (pinduoduo)"
BLOCK = 1 << 20
KEPT_TABLES = "meta.load_files, meta.lake_deletions, quarantine.rows, vault.identifiers, vault.personal_texts"
PINDUODUO = {
    "商品": lambda row: "tea", "订单号": lambda row: row["order_id"], "订单状态": lambda row: "已发货，待收货",
    "商品总价(元)": lambda row: row["gross_amount"], "邮费(元)": lambda row: row["shipping_amount"],
    "店铺优惠折扣(元)": lambda row: row["discount_amount"], "平台优惠折扣(元)": lambda row: "0",
    "用户实付金额(元)": lambda row: row["paid_amount"] or "0", "商品数量(件)": lambda row: "1",
    "商品id": lambda row: "754299000002", "售后状态": lambda row: "无售后或售后取消",
    "订单成交时间": lambda row: row["placed_at"][:19].replace("T", " "), "用户购买手机号": lambda row: "",
}  # fmt: skip


def main() -> None:
    """Measure and print a table; exits 1 if a ratio is out of its bound."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--users", type=int, default=100_000)
    given.add_argument("--days", type=int, default=365)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--files", type=Path, help="a folder of delivered files, instead of simulated ones")
    given.add_argument("--lines", type=int, default=0, help="of the platform's file: orders repeated under other ids")
    options = given.parse_args()
    with tempfile.TemporaryDirectory(prefix="userops-benchmark-") as place, server(Path(place)) as url:
        files = options.files or simulated(Path(place), options.users, options.days)
        rows = [measure(Path(place), url, path, options.rounds) for path in large_files(files)]
        rows.append(platform(Path(place), url, files / "orders.csv", options.rounds, options.lines))
    for name, count, theirs, ours, bound in rows:
        print(f"{name:24} {count:>9,} rows {count / theirs:>11,.0f}/s {count / ours:>11,.0f}/s"
              f"  {theirs / ours:.2f} (at least {bound})")
    others = [row for row in rows if row[0] not in ("contacts", PLATFORM)]
    together = sum(row[2] for row in others) / sum(row[3] for row in others)
    print(f"{'all but contacts':24} {together:>46.2f} (at least {BOUND})")
    sys.exit(together < BOUND or any(row[2] / row[3] < row[4] for row in rows if row not in others))


@contextmanager
def server(place: Path) -> Iterator[str]:
    """An embedded server with an empty warehouse."""
    embedded = EmbeddedServer(place / "home")
    embedded.start()
    try:
        url = embedded.ensure_database("userops")
        migrate(url)
        yield url
    finally:
        embedded.stop()


def simulated(place: Path, users: int, days: int) -> Path:
    """The first delivery of a business: its whole past in one folder."""
    dates = history.deliver(place, users, days, 1, 1.0)
    return place / "landing" / dates[0].isoformat()


def large_files(folder: Path, least_rows: int = LEAST_ROWS) -> list[Path]:
    """The files that have enough rows to be measured."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open("rb") as file:
            if sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b"")) > least_rows:
                found.append(path)
    return found


def measure(place: Path, url: str, path: Path, rounds: int) -> tuple[str, int, float, float, float]:
    """An export's file by COPY and by a load, in turns."""
    export = path.stem
    copies, loads, count = [], [], 0
    for _ in range(rounds):
        copies.append(timed(lambda: copy(url, path)))
        seconds, count = load(place, url, export, path, ())
        loads.append(seconds)
    return export, count, min(copies), min(loads), BOUNDS.get(export, BOUND)


def platform(
    place: Path, url: str, orders: Path, rounds: int, lines: int = 0
) -> tuple[str, int, float, float, float]:
    """The same orders as a canonical file and as a platform writes them, repeated under other ids up to `lines`."""
    folder = place / "repeated"
    folder.mkdir(exist_ok=True)
    ours, theirs = folder / "orders.csv", folder / "pdd_orders.csv"
    with orders.open(newline="") as source:
        rows = list(csv.DictReader(source))
    with ours.open("w", newline="") as one, theirs.open("w", newline="") as other:
        canonical_file = csv.DictWriter(one, list(rows[0]), lineterminator="\n")
        canonical_file.writeheader()
        platform_file = csv.writer(other, lineterminator="\n")
        platform_file.writerow(PINDUODUO)
        for number in range(max(1, -(-lines // len(rows)))):
            for row in rows[: max(0, lines - number * len(rows)) or None]:
                again = row | {"order_id": f"{row['order_id']}-{number}"} if number else row
                canonical_file.writerow(again)
                platform_file.writerow(cell(again) for cell in PINDUODUO.values())
    canonical, mapped, count = [], [], 0
    for _ in range(rounds):
        canonical.append(load(place, url, "orders", ours, ())[0])
        seconds, count = load(place, url, "orders", theirs, ("pinduoduo",))
        mapped.append(seconds)
    return PLATFORM, count, min(canonical), min(mapped), PLATFORM_BOUND


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def copy(url: str, path: Path) -> None:
    """The file into a table of texts, committed."""
    with psycopg.connect(url) as connection, path.open("rb") as file:
        columns = file.readline().decode().strip().split(",")
        names = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
        connection.execute("drop table if exists copied")
        connection.execute(sql.SQL("create table copied ({})").format(names))
        with connection.cursor().copy("copy copied from stdin (format csv)") as rows:
            while block := file.read(BLOCK):
                rows.write(block)


def load(place: Path, url: str, export: str, path: Path, sources: tuple[str, ...]) -> tuple[float, int]:
    """Seconds and rows of the file's load into an empty warehouse and lake."""
    day = date.fromisoformat(max_day(path))
    for folder in ("loading", "lake"):
        shutil.rmtree(place / folder, ignore_errors=True)
    target = place / "loading" / day.isoformat()
    target.mkdir(parents=True)
    (target / path.name).hardlink_to(path)
    with psycopg.connect(url) as admin:
        admin.execute(f"truncate {KEPT_TABLES}")
    settings = Settings.load({
        "USEROPS_LANDING": str(place / "loading"), "USEROPS_LAKE": str(place / "lake"), "USEROPS_HASH_KEY": "k" * 64,
        "USEROPS_HOME": str(place / "home"), "USEROPS_SOURCES": ",".join(sources),
    })  # fmt: skip
    with connect(url, "loader") as connection:
        seconds = timed(lambda: load_export(connection, settings, export, day, "benchmark"))
        rows = connection.execute("select rows_loaded from meta.load_files where state = 'loaded'").fetchall()
    assert rows, f"{path} was refused"
    return seconds, rows[0][0]


def max_day(path: Path) -> str:
    """The newest day that the file names, which is the business date of its folder."""
    with path.open(encoding="utf-8") as file:
        cells = (cell for line in file for cell in line.strip().split(","))
        return max(cell[:10] for cell in cells if cell[:2] == "20" and cell[4:5] == "-")


if __name__ == "__main__":
    main()
