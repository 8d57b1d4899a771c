"""The lake on a folder and on a second file system: a file exists by its load's row, everything else is swept."""

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import fsspec
import psycopg
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from lake_rows import raw
from userops.contracts.model import load_contracts
from userops.errors import Superseded, UseropsError
from userops.ingest import loader
from userops.lake import Lake, loads
from userops.lake import sweep as sweeping
from userops.lake.files import next_revision, path_of
from userops.lake.schema import arrow_schema
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

DAY, NEXT = date(2026, 3, 2), date(2026, 3, 3)
HEADER = "touch_id,occurred_at,channel_code,phone,updated_at\n"


def touches(day: date, count: int) -> str:
    at = f"{day}T10:00:00+08:00"
    return HEADER + "".join(f"t{day}-{n},{at},app,13800138{n:03},{at}\n" for n in range(count))


@pytest.fixture(params=["folder", "memory"])
def place(request, warehouse_url: str, tmp_path: Path) -> Iterator[tuple[psycopg.Connection, Settings]]:
    """A landing place and a lake, both on that file system, and an empty warehouse."""
    base = str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    settings = Settings.load({
        "USEROPS_LANDING": f"{base}/landing", "USEROPS_LAKE": f"{base}/lake", "USEROPS_HOME": str(tmp_path / "home"),
        "USEROPS_HASH_KEY": "key",
    })  # fmt: skip
    with psycopg.connect(warehouse_url) as admin:
        admin.execute("truncate meta.load_files, meta.lake_deletions, quarantine.rows, vault.identifiers")
        admin.execute("update meta.runs set state = 'failed' where state = 'running'")
    with connect(warehouse_url, "loader") as connection:
        yield connection, settings


def deliver(settings: Settings, day: date, text: str) -> None:
    files, base = fsspec.core.url_to_fs(settings.landing)
    files.makedirs(f"{base}/{day}", exist_ok=True)
    files.pipe_file(f"{base}/{day}/touches.csv", text.encode())


def paths(lake: Lake) -> list[str]:
    return sorted(path for path, _ in lake.listing())


def test_a_load_is_one_file_without_a_personal_value(place) -> None:
    connection, settings = place
    deliver(settings, DAY, touches(DAY, 30))
    assert [r for r in loader.load_export(connection, settings, "touches", DAY, "run") if not r.passed] == []
    ((load_id, path),) = connection.execute("select load_id, lake_path from meta.load_files").fetchall()
    lake = Lake(settings.lake)
    assert paths(lake) == [path] == [path_of("touches", load_id, 0)]
    with lake.files.open(lake.url(path).removeprefix("memory:/"), "rb") as file:
        table = parquet.read_table(pa.BufferReader(file.read()))
    assert [(field.name, field.type) for field in table.schema] == [
        (field.name, field.type) for field in arrow_schema(load_contracts()["touches"])
    ]
    assert table.num_rows == 30
    assert not any("13800138" in str(value) for column in table.columns for value in column.to_pylist())
    found = raw(connection, settings, "select min(phone), count(distinct phone) from raw.touches")
    assert found == [("13800138000", 30)]


def test_files_are_listed_as_of_a_date(place) -> None:
    connection, settings = place
    for day in (DAY, NEXT):
        deliver(settings, day, touches(day, 25))
    loader.load_export(connection, settings, "touches", NEXT, "run")
    lake = Lake(settings.lake)
    assert [file.business_date for file in lake.files_as_of(connection, DAY)["touches"]] == [DAY]
    assert [file.business_date for file in lake.files_as_of(connection, NEXT)["touches"]] == [DAY, NEXT]
    assert lake.files_as_of(connection, DAY - timedelta(days=1)) == {}


def test_a_replaced_file_is_kept_for_a_week_and_an_orphan_for_a_day(place, monkeypatch: pytest.MonkeyPatch) -> None:
    connection, settings = place
    deliver(settings, DAY, touches(DAY, 30))
    loader.load_export(connection, settings, "touches", DAY, "run")
    deliver(settings, DAY, touches(DAY, 29))
    time.sleep(0.01)
    loader.load_export(connection, settings, "touches", DAY, "run")
    lake = Lake(settings.lake)
    ((new,),) = connection.execute("select lake_path from meta.load_files where state = 'loaded'").fetchall()
    assert len(paths(lake)) == 2
    orphan = path_of("touches", 999_999, 0)
    local = settings.home / "orphan"
    local.write_bytes(b"x")
    lake.put(local, orphan)
    assert sweeping.sweep(connection, lake, None) == 0
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as admin:
        admin.execute("update meta.lake_deletions set delete_after = delete_after - interval '7 days'")
    later = datetime.now(UTC) + sweeping.ORPHAN_AGE + timedelta(minutes=1)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr(sweeping, "datetime", Later)
    assert sweeping.sweep(connection, lake, None) == 2
    assert paths(lake) == [new]
    assert connection.execute("select count(*) from meta.lake_deletions").fetchone() == (0,)


def test_nothing_is_swept_without_the_right_to_write(place) -> None:
    connection, settings = place
    deliver(settings, DAY, touches(DAY, 30))
    loader.load_export(connection, settings, "touches", DAY, "run")
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as admin:
        admin.execute("update meta.load_files set state = 'replaced'")
        admin.execute("insert into meta.lake_deletions select lake_path, now() from meta.load_files")
    with connect(connection.info.dsn + f" password={connection.info.password}", "publisher") as publisher:
        first, second = uuid.uuid4().hex, uuid.uuid4().hex
        token = lease.acquire(publisher, first, str(DAY))
        lease.end(publisher, first, "failed")
        lease.acquire(publisher, second, str(DAY))
        lease.end(publisher, second, "failed")
    with pytest.raises(Superseded):
        sweeping.sweep(connection, Lake(settings.lake), token)
    assert len(paths(Lake(settings.lake))) == 1


def test_a_file_that_is_gone_says_so(place, tmp_path: Path) -> None:
    _, settings = place
    with pytest.raises(UseropsError, match="The lake has no file raw/touches/1-0.parquet"):
        Lake(settings.lake).get("raw/touches/1-0.parquet", tmp_path / "x")


def test_a_place_that_fsspec_does_not_know_says_so() -> None:
    with pytest.raises(UseropsError, match="The lake nowhere://x cannot be opened"):
        Lake("nowhere://x")


def test_revisions_are_numbered() -> None:
    assert next_revision(path_of("orders", 12, 0)) == path_of("orders", 12, 1) == "raw/orders/12-1.parquet"
    assert timedelta(days=7) == loads.KEPT and os.sep == "/"
