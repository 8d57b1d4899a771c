"""Erasure: gone from raw, quarantine and vault, logged without an identifier, and not brought back by a replay."""

from datetime import date

import psycopg
import pytest

from userops.ingest import loader
from userops.ingest.tables import ensure_raw_tables
from userops.privacy import erasure
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse.connection import connect

DAY = date(2025, 1, 3)
START = date(2025, 1, 1)
EXPORTS = ("contacts", "orders", "touches", "events", "pushes", "group_members", "friendships")


@pytest.fixture(scope="module")
def loaded(warehouse_url, tmp_path_factory):
    """Three nights in raw; the contact chosen has orders, a phone, and is somebody's referrer."""
    folder = tmp_path_factory.mktemp("erasure")
    simulate(folder, 300, 3, START, 5)
    named = {"USEROPS_LANDING": str(folder), "USEROPS_HOME": str(folder), "USEROPS_HASH_KEY": "k" * 32}
    settings = Settings.load(named)
    with connect(warehouse_url, "loader") as connection:
        ensure_raw_tables(connection)
        load(connection, settings)
    return warehouse_url, settings


def load(connection: psycopg.Connection, settings: Settings) -> None:
    for day in (START, date(2025, 1, 2), DAY):
        for export in EXPORTS:
            loader.load_export(connection, settings, export, day, "test")
    connection.commit()


def count(connection: psycopg.Connection, sql: str, *parameters: object) -> int:
    return connection.execute(sql, parameters).fetchone()[0]


def test_a_person_is_gone_logged_and_stays_gone(loaded):
    url, settings = loaded
    with connect(url) as admin, connect(url, "loader") as connection:
        contact, phone = admin.execute(
            "select contact_id, contacts.phone from raw.contacts inner join raw.orders using (contact_id)"
            " where contacts.phone in"
            " (select phone from raw.contacts group by phone having count(distinct contact_id) = 1)"
            " order by contact_id limit 1"
        ).fetchone()
        orders = count(admin, "select count(*) from raw.orders where contact_id = %s", contact)
        all_orders = count(admin, "select count(*) from raw.orders")
        others = count(admin, "select count(*) from raw.contacts where contact_id <> %s", contact)
        admin.execute("update raw.contacts set referrer_contact_id = %s where contact_id <> %s", [contact, contact])
        admin.execute(
            "insert into quarantine.rows values (1, %s, 'orders', 'orders.csv', 2, %s, 'test'),"
            " (1, %s, 'orders', 'orders.csv', 3, %s, 'test')",
            [DAY, f"o9,{contact},x", DAY, f"o9,{contact}0,x"],
        )
        admin.commit()
        erasure.request(connection, contact, "erase", DAY)
        assert erasure.apply(connection, DAY) > 0

        assert count(admin, "select count(*) from raw.contacts where contact_id = %s", contact) == 0
        assert count(admin, "select count(*) from raw.contacts where referrer_contact_id = %s", contact) == 0
        assert count(admin, "select count(*) from raw.contacts") == others
        assert count(admin, "select count(*) from raw.orders where contact_id = %s or phone = %s", contact, phone) == 0
        assert orders > 0 and count(admin, "select count(*) from raw.orders") == all_orders
        assert count(admin, "select count(*) from raw.touches where contact_id = %s", contact) == 0
        assert [r[0] for r in admin.execute("select raw_text from quarantine.rows")] == [f"o9,{contact}0,x"]
        log = admin.execute("select * from marts.erasure_log").fetchall()
        assert {"raw.contacts", "raw.orders", "quarantine.rows"} <= {row[1] for row in log}
        assert contact not in str(log) and phone not in str(log)
        admin.commit()

        # The old files come again under new names, as another delivery of the same people.
        admin.execute("update meta.load_files set sha256 = 'changed' where source <> 'by hand'")
        admin.commit()
        load(connection, settings)
        assert count(admin, "select count(*) from raw.contacts where contact_id = %s", contact) > 0
        admin.commit()
        erasure.apply(connection, DAY)
        assert count(admin, "select count(*) from raw.contacts where contact_id = %s", contact) == 0
        assert count(admin, "select count(*) from vault.identifiers where raw_value = %s", phone) == 0
        assert count(admin, "select count(*) from raw.orders where phone = %s", phone) == 0


def test_an_identifier_that_a_refused_row_tells_takes_rows_of_earlier_loads(loaded):
    url, _ = loaded
    with connect(url) as admin, connect(url, "loader") as connection:
        erased = admin.execute("select contact_id from meta.erased_contacts").fetchone()[0]
        device = admin.execute(
            "select device_id_hash from raw.touches where contact_id is null and device_id_hash is not null"
            " and concat(phone_hash, email_hash, unionid_hash) = ''"
            " and device_id_hash not in (select device_id_hash from raw.contacts where device_id_hash is not null)"
            " limit 1"
        ).fetchone()[0]
        of_device = "select count(*) from raw.touches where contact_id is null and device_id_hash = %s"
        assert count(admin, of_device, device) > 0
        erasure.request(connection, "somebody", "restrict", DAY)  # a load after the erasure
        admin.execute(
            "insert into raw.contacts (contact_id, device_id_hash, _load_id, _line, _business_date)"
            " select %s, %s, max(load_id), 1, %s from meta.load_files",
            [erased, device, DAY],
        )
        admin.commit()
        erasure.apply(connection, DAY)
        assert count(admin, of_device, device) == 0
