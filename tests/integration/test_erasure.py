"""Erasure: gone from lake, quarantine and vault, logged without an identifier, and not brought back by a replay."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as parquet
import pytest

from conftest import fresh_database
from csv_rows import rows_of, write_rows
from lake_rows import raw
from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.ingest import list_work, load_export
from userops.lake import Lake
from userops.privacy import erasure, keys
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse.connection import connect

START = date(2025, 1, 1)
DAYS = [START + timedelta(days=n) for n in range(3)]
DAY = DAYS[-1]
EXPORTS = ("contacts", "orders", "touches", "events", "pushes", "group_members", "friendships", "erasure_requests")
KEY = "k" * 32


class Place:
    """A warehouse and a lake with what a landing place delivers."""

    def __init__(self, url: str, settings: Settings) -> None:
        self.url, self.settings = url, settings

    def file(self, export: str, day: date = START) -> Path:
        return Path(self.settings.landing) / day.isoformat() / f"{export}.csv"

    def change(self, export: str, rows: list[dict[str, str]], day: date = START) -> None:
        write_rows(self.file(export, day), rows)

    def load(self) -> None:
        with connect(self.url, "loader") as connection:
            work = list_work(connection, self.settings, DAY).exports
            for export in (export for exports in work.values() for export in exports):
                assert not [r for r in load_export(connection, self.settings, export, DAY, "test") if r.blocks]

    def apply(self) -> int:
        with connect(self.url, "loader") as connection:
            return erasure.apply(connection, self.settings, DAY)

    def ask(self, contact_id: str, scope: str = "erase") -> None:
        """A request as a file of the last date."""
        path = self.file("erasure_requests", DAY)
        header = "request_id,contact_id,requested_at,scope,updated_at"
        at = f"{DAY}T12:00:00+08:00"
        lines = path.read_text().splitlines() if path.exists() else [header]
        path.write_text("\n".join([*lines, f"r{len(lines)},{contact_id},{at},{scope},{at}"]) + "\n")

    def raw(self, query: str, *parameters: object) -> list[tuple]:
        with connect(self.url, "loader") as connection:
            return raw(connection, self.settings, query, list(parameters))

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.url) as admin:
            return admin.execute(query, parameters).fetchall()

    def everything(self) -> str:
        """Every value of every file below the lake's folder, and of vault and quarantine."""
        texts = [str(parquet.read_table(path).to_pylist()) for path in Path(self.settings.lake).rglob("*.parquet")
                 if "erasure_requests" not in str(path)]
        for table in ("vault.identifiers", "vault.personal_texts", "quarantine.rows"):
            texts += [str(self.rows(f"select * from {table}"))]
        return "\n".join(texts)

    def accounted(self) -> bool:
        """Rows in a file are loaded, in quarantine, or erased."""
        counts = self.rows(
            "select export, load_id, rows_in_file, rows_loaded, rows_quarantined, rows_erased from meta.load_files"
            " where state = 'loaded'"
        )
        for export, load_id, in_file, loaded, aside, erased in counts:
            stored = self.raw(f"select count(*) from raw.{export} where _load_id = {load_id}")[0][0]
            in_quarantine = self.rows("select count(*) from quarantine.rows where load_id = %s", load_id)[0][0]
            if (stored, in_quarantine, in_file) != (loaded, aside, loaded + aside + erased):
                return False
        return True


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered")
    simulate(folder, 300, 3, START, 5)
    for path in folder.glob("20*/*"):
        if path.stem not in EXPORTS or path.stem == "erasure_requests":
            path.unlink()
    return folder


@pytest.fixture
def place(server_url: str, migrated: str, delivered: Path, tmp_path: Path) -> Iterator[Place]:
    shutil.copytree(delivered, tmp_path / "landing")
    settings = Settings.load({
        "USEROPS_LANDING": str(tmp_path / "landing"), "USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": KEY,
    })  # fmt: skip
    with fresh_database(server_url, migrated) as url:
        yield Place(url, settings)


def someone(place: Place) -> dict[str, str]:
    """A contact with orders and a phone that nobody else has."""
    contacts = [row for day in DAYS for row in rows_of(place.file("contacts", day))]
    buyers = {row["contact_id"] for day in DAYS for row in rows_of(place.file("orders", day))}
    phones: dict[str, set[str]] = {}
    for row in contacts:
        phones.setdefault(row["phone"], set()).add(row["contact_id"])
    alone = {phone for phone, ids in phones.items() if len(ids) == 1 and phone.isdigit()}
    return next(row for row in contacts if row["phone"] in alone and row["contact_id"] in buyers)


def hashed(kind: str, value: str) -> str:
    return keys.hashed(KEY, kind, f"+86{value}" if kind == "phone" else value)


def test_a_person_is_gone_logged_and_stays_gone(place: Place) -> None:
    one = someone(place)
    contact = one["contact_id"]
    contacts = rows_of(place.file("contacts"))
    next(row for row in contacts if row["contact_id"] != contact)["referrer_contact_id"] = contact
    place.change("contacts", contacts)
    bad = rows_of(place.file("orders"))
    bad[0] |= {"contact_id": contact, "currency": ""}
    bad[1] |= {"contact_id": f"{contact}0", "currency": "", "phone": "", "unionid": "", "device_id": ""}
    place.change("orders", bad)
    place.ask(contact)
    place.load()
    orders = place.raw("select count(*) from raw.orders")[0][0]
    theirs = place.raw("select count(*) from raw.orders where contact_id = ?", contact)[0][0]
    left = place.raw("select count(*) from raw.contacts where contact_id <> ?", contact)[0][0]
    assert place.apply() > 0 and theirs > 0

    assert contact not in place.everything().replace(f"{contact}0", "")
    assert one["phone"] not in place.everything() and hashed("phone", one["phone"]) not in place.everything()
    assert place.raw("select count(*) from raw.orders") == [(orders,)]
    assert place.raw("select count(*) from raw.contacts") == [(left,)]
    assert place.accounted()
    log = dict(place.rows("select table_name, rows from marts.erasure_log"))
    tables = {"raw.contacts", "raw.orders", "raw.contacts.referrer_contact_id", "quarantine.rows", "vault.identifiers"}
    assert tables <= set(log)
    assert log["raw.orders"] == theirs and log["quarantine.rows"] == 1
    assert contact not in str(place.rows("select * from marts.erasure_log"))
    assert place.apply() == 0, "a second time there is nothing left to do"

    # The old files come again with other bytes, as another delivery of the same people.
    for day in DAYS:
        for export in ("contacts", "orders", "touches"):
            path = place.file(export, day)
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    place.load()
    assert contact in place.everything()
    place.apply()
    assert contact not in place.everything().replace(f"{contact}0", "") and one["phone"] not in place.everything()
    assert place.accounted()


def test_every_version_of_a_key_goes_that_any_version_named_the_contact(place: Place) -> None:
    """An order delivered twice under one key, first for another contact with this one's phone and device."""
    one, another = someone(place), next(row for row in rows_of(place.file("contacts")))
    assert another["contact_id"] != one["contact_id"]
    first = rows_of(place.file("orders"))[0] | {
        "order_id": "twice", "contact_id": another["contact_id"], "phone": one["phone"], "device_id": "one's device",
        "unionid": "",
    }  # fmt: skip
    touch = rows_of(place.file("touches"))[0] | {
        "touch_id": "twice", "contact_id": "", "phone": "", "email": "", "unionid": "", "device_id": "one's device",
    }  # fmt: skip
    later = {"contact_id": one["contact_id"], "updated_at": f"{START + timedelta(days=1)}T09:00:00+08:00"}
    for export, row in (("orders", first), ("touches", touch)):
        place.change(export, [*rows_of(place.file(export)), row])
        place.change(export, [*rows_of(place.file(export, DAYS[1])), row | later], DAYS[1])
    contacts = rows_of(place.file("contacts"))
    next(row for row in contacts if row["contact_id"] == one["contact_id"])["device_id"] = "one's device"
    place.change("contacts", contacts)
    place.ask(one["contact_id"])
    place.load()
    place.apply()
    columns = "contact_id, phone_hash, unionid_hash, device_id_hash"
    assert place.raw(f"select {columns} from raw.orders where order_id = 'twice'") == [(None, None, None, None)] * 2
    assert place.raw("select * from raw.touches where touch_id = 'twice'") == []
    found = place.everything()
    assert one["phone"] not in found and "one's device" not in found
    assert hashed("phone", one["phone"]) not in found and hashed("device_id", "one's device") not in found
    assert place.accounted()


def test_an_identifier_that_a_refused_row_tells_takes_rows_of_earlier_loads(place: Place) -> None:
    contact = someone(place)["contact_id"]
    touches = rows_of(place.file("touches"))
    touches.append(touches[0] | {"touch_id": "alone", "contact_id": "", "phone": "", "email": "", "unionid": "",
                                 "device_id": "a second device"})
    place.change("touches", touches)
    place.ask(contact)
    place.load()
    place.apply()
    assert place.raw("select count(*) from raw.touches where touch_id = 'alone'") == [(1,)]
    again = rows_of(place.file("contacts", DAYS[1]))
    again.append(again[0] | {"contact_id": contact, "phone": "", "email": "", "unionid": "", "external_userid": "",
                             "device_id": "a second device"})
    place.change("contacts", again, DAYS[1])
    place.load()
    place.apply()
    assert place.raw("select count(*) from raw.touches where touch_id = 'alone'") == [(0,)]
    assert "a second device" not in place.everything()


def further(place: Place, rows: list[tuple[str, str, str]]) -> None:
    """A file of further identifiers: contact, kind and value of each."""
    at = f"{START}T12:00:00+08:00"
    lines = ["contact_id,kind,value,removed_at,updated_at", *(f"{','.join(row)},,{at}" for row in rows)]
    place.file("contact_identifiers").write_text("\n".join(lines) + "\n")


def test_further_identifiers_go_with_their_contact(place: Place) -> None:
    one = someone(place)["contact_id"]
    other = next(row["contact_id"] for row in rows_of(place.file("contacts")) if row["contact_id"] != one)
    further(place, [
        (one, "phone", "13912345678"), (one, "phone", "12"), (one, "email", "both@example.com"),
        (other, "email", "Both@example.com"), (other, "device_id", "13912345678"),
    ])  # fmt: skip
    touches = rows_of(place.file("touches"))
    nobody = dict.fromkeys(("contact_id", "phone", "email", "unionid", "device_id"), "")
    touches += [touches[0] | nobody | {"touch_id": "theirs", "phone": "+8613912345678"},
                touches[0] | nobody | {"touch_id": "shared", "email": "both@example.com"}]
    place.change("touches", touches)
    place.ask(one)
    place.load()
    known = "select contact_id, kind, value_hash from raw.contact_identifiers order by 1, 2, 3"
    stored = place.raw(known)
    assert (one, "phone", hashed("phone", "13912345678")) in stored and (one, "phone", None) in stored
    assert (one, "email", hashed("email", "both@example.com")) in stored
    assert place.rows("select value from vault.personal_texts where value = '12'") == [("12",)]
    place.apply()
    assert place.raw(known) == [row for row in stored if row[0] == other]
    assert place.raw("select touch_id from raw.touches where touch_id in ('theirs', 'shared')") == [("shared",)]
    assert place.rows("select value from vault.personal_texts where value = '12'") == []
    assert place.rows("select kind from vault.identifiers where raw_value = '13912345678'") == [("device_id",)]
    assert place.accounted()


def test_an_identifier_that_another_contact_carries_stays_theirs(place: Place) -> None:
    one = someone(place)
    contacts = rows_of(place.file("contacts"))
    other = next(row for row in contacts if row["contact_id"] != one["contact_id"])
    other["phone"] = one["phone"]
    place.change("contacts", contacts)
    place.ask(one["contact_id"])
    place.load()
    place.apply()
    assert place.raw("select count(*) from raw.contacts where contact_id = ?", one["contact_id"]) == [(0,)]
    assert place.rows("select hash from vault.identifiers where raw_value = %s", one["phone"]) == [
        (hashed("phone", one["phone"]),)
    ]
    assert place.raw("select phone_hash from raw.contacts where contact_id = ?", other["contact_id"])[0] == (
        hashed("phone", one["phone"]),
    )


def test_what_identifies_nobody_goes_with_its_row(place: Place) -> None:
    one = someone(place)
    contacts = [
        row | {"email": "at home", "nickname": "Bear of the hill"} if row["contact_id"] == one["contact_id"] else row
        for row in rows_of(place.file("contacts"))
    ]
    place.change("contacts", contacts)
    place.ask(one["contact_id"])
    place.load()
    kept = "select value from vault.personal_texts where value in ('at home', 'Bear of the hill')"
    assert sorted(place.rows(kept)) == [("Bear of the hill",), ("at home",)]
    assert place.rows("select count(*) from vault.identifiers where hash is null") == [(0,)]
    place.apply()
    assert place.rows(kept) == []


def test_restriction_takes_nothing_away(place: Place) -> None:
    one = someone(place)
    place.ask(one["contact_id"], "restrict")
    place.load()
    before = place.everything()
    assert place.apply() == 0
    assert place.everything() == before


def test_old_revisions_are_gone_at_once_and_waived_files_are_searched_too(place: Place) -> None:
    contact = someone(place)["contact_id"]
    place.load()
    place.change("touches", rows_of(place.file("touches"))[:-1])
    place.ask(contact)
    place.load()
    assert place.rows("select count(*) from meta.lake_deletions where delete_after > now()") != [(0,)]
    with psycopg.connect(place.url) as admin:
        admin.execute("update meta.load_files set state = 'waived' where export = 'pushes'")
    place.apply()
    files = Lake(place.settings.lake)
    kept = "select lake_path from meta.load_files where state in ('loaded', 'waived')"
    named = {path for (path,) in place.rows(kept)}
    assert {path for path, _ in files.listing()} == named
    assert contact not in place.everything()


class Killed(Exception):
    """The process dies here."""


@pytest.mark.parametrize("call", range(1, 5))
@pytest.mark.parametrize("where", ["put", "commit", "delete"])
def test_killed_anywhere_it_converges(place: Place, monkeypatch: pytest.MonkeyPatch, where: str, call: int) -> None:
    """Before a new revision is stored, before the commit, while old revisions are deleted."""
    contact = someone(place)["contact_id"]
    place.ask(contact)
    place.load()
    total = sum(place.raw(f"select count(*) from raw.{export} where contact_id is distinct from ?", contact)[0][0]
                for export in ("contacts", "touches", "pushes"))
    calls = 0

    def dying(function):
        def dies(*arguments: object) -> object:
            nonlocal calls
            calls += 1
            if calls == call:
                raise Killed
            return function(*arguments)

        return dies

    with monkeypatch.context() as dead:
        if where == "commit":
            dead.setattr(erasure, "_log", dying(erasure._log))
        else:
            dead.setattr(Lake, where, dying(getattr(Lake, where)))
        with pytest.raises(Killed):
            place.apply()
    if where == "delete":
        assert place.raw("select count(*) from raw.contacts where contact_id = ?", contact) == [(0,)]
    else:
        assert place.raw("select count(*) from raw.contacts where contact_id = ?", contact) != [(0,)]
        assert place.accounted()
    place.apply()
    assert contact not in place.everything() and place.accounted()
    left = sum(place.raw(f"select count(*) from raw.{export}")[0][0] for export in ("contacts", "touches", "pushes"))
    assert left == total


def test_by_command_with_all_contacts_of_the_person(place: Place) -> None:
    place.load()
    one = someone(place)["contact_id"]
    other = next(row["contact_id"] for row in rows_of(place.file("contacts")) if row["contact_id"] != one)
    with pytest.raises(UseropsError, match="Nothing was ever published"):
        erasure.on_request(place.settings, place.url, one, "erase")
    with psycopg.connect(place.url) as admin:
        admin.execute(
            "insert into meta.publications (version, business_date, run_id, slot, load_id) values (1, %s, 'r', 0, 0)",
            [DAY],
        )
        admin.execute("update meta.pointer set version = 1, slot = 0")
        admin.execute("create table build.map_contact_user (contact_id text, user_id text)")
        admin.execute("insert into build.map_contact_user values (%s, 'u1'), (%s, 'u1'), ('x', 'u2')", [one, other])
    with pytest.raises(UseropsError, match="No contact 'nobody' is known"):
        erasure.on_request(place.settings, place.url, "nobody", "erase")
    assert erasure.on_request(place.settings, place.url, one, "erase", person=True) == DAY
    found = place.everything()
    assert one not in found and other not in found
    requests = place.raw("select contact_id, scope, _source from raw.erasure_requests order by request_id")
    assert requests == [(one, "erase", "by hand"), (other, "erase", "by hand")]
    assert place.rows("select contact_id from meta.erased_contacts order by 1") == sorted([(one,), (other,)])
    assert {contract.name for contract in load_contracts().values()} >= set(EXPORTS)
