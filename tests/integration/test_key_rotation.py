"""The hash key: a run with another one is refused; changing it on purpose leaves every user and every join."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow.parquet as parquet
import pytest

from conftest import fresh_database, name_of
from csv_rows import rows_of, write_rows
from deployment import clean_environment, userops_forked
from lake_rows import raw
from userops.contracts.model import DOMAINS
from userops.errors import Blocked, Superseded, UseropsError
from userops.ingest import list_work, load_export
from userops.lake import Lake
from userops.privacy import erasure, key_rotation, keys
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse import lease
from userops.warehouse.connection import connect
from whole_runs import run_whole

OLD, NEW, THIRD = "k" * 64, "n" * 64, "t" * 64
FIRST = date(2024, 3, 1)
DAYS = [FIRST + timedelta(days=k) for k in range(3)]

@dataclass
class Place:
    """A warehouse and a lake; the landing place is the one of the module or the test."""

    url: str
    landing: Path
    home: Path

    def settings(self, key: str = OLD) -> Settings:
        return Settings.load({
            "USEROPS_DATABASE_URL": self.url, "USEROPS_LANDING": str(self.landing), "USEROPS_HOME": str(self.home),
            "USEROPS_HASH_KEY": key,
        })  # fmt: skip

    def store(self, key: str = OLD, until: date = DAYS[-1]) -> None:
        settings = self.settings(key)
        with connect(self.url, "loader") as connection:
            work = list_work(connection, settings, until).exports
            for export in (export for domain in DOMAINS for export in work[domain]):
                blocks = [r for r in load_export(connection, settings, export, until, "test") if r.blocks]
                assert not blocks, blocks

    def rotate(self, old: str = OLD, new: str = NEW) -> int:
        return key_rotation.rotate(self.url, self.settings(old), new)

    def raw(self, query: str, *parameters: object) -> list[tuple]:
        with connect(self.url, "loader") as connection:
            return raw(connection, self.settings(), query, list(parameters))

    def rows(self, query: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.url) as admin:
            return admin.execute(query, parameters or None).fetchall()

    def hashed(self, key: str) -> set[str]:
        """The hashes of every value in the vault, by a key."""
        values = self.rows("select kind, value from vault.identifiers where value is not null")
        return {keys.hashed(key, kind, value) for kind, value in values}

    def places_of(self, wanted: set[str]) -> dict[str, int]:
        """Tables of every schema, and exports of the lake, in which one of the hashes is, and how many of them."""
        found = {}
        for (table,) in self.rows(
            "select format('%I.%I', nspname, relname) from pg_class join pg_namespace as n on n.oid = relnamespace"
            " where relkind in ('r', 'm') and nspname !~ '^pg_|information_schema'"
        ):
            text = "\n".join(row[0] for row in self.rows(f"select t::text from {table} as t"))
            found[table] = len(wanted.intersection(re.findall(r"[0-9a-f]{32}", text)))
        for (path,) in self.rows("select lake_path from meta.load_files where state = 'loaded'"):
            text = str(parquet.read_table(self.home / "lake" / path).to_pylist())
            export = f"lake {path.split('/')[1]}"
            found[export] = found.get(export, 0) + len(wanted.intersection(re.findall(r"[0-9a-f]{32}", text)))
        return {name: count for name, count in found.items() if count}


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivered")
    simulate(folder, 300, 3, FIRST, 5)
    for manifest in folder.glob("20*/_manifest.json"):
        manifest.unlink()
    return folder


@pytest.fixture
def empty(server_url: str, migrated: str, delivered: Path, tmp_path: Path) -> Iterator[Place]:
    """A warehouse in which nothing is stored yet; the delivered files may be changed."""
    shutil.copytree(delivered, tmp_path / "landing")
    with fresh_database(server_url, migrated) as url:
        yield Place(url, tmp_path / "landing", tmp_path / "home")


@pytest.fixture(scope="module")
def stored_once(
    server_url: str, migrated: str, delivered: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    with fresh_database(server_url, migrated) as url:
        place = Place(url, delivered, tmp_path_factory.mktemp("stored"))
        place.store()
        yield place


@pytest.fixture
def place(server_url: str, stored_once: Place, tmp_path: Path) -> Iterator[Place]:
    """A warehouse and a lake of its own in which everything delivered is stored under the old key."""
    shutil.copytree(stored_once.home, tmp_path / "home")
    with fresh_database(server_url, name_of(stored_once.url)) as url:
        yield Place(url, stored_once.landing, tmp_path / "home")


def test_every_hash_is_changed_everywhere_and_no_join_is_lost(place: Place) -> None:
    known = place.hashed(OLD)
    assert place.places_of(known).keys() == {
        "vault.identifiers", "lake contacts", "lake orders", "lake touches", "lake events"
    }
    counts = place.raw("select count(phone_hash), count(distinct phone_hash) from raw.contacts")
    accounts = place.rows("select load_id, rows_in_file, rows_loaded from meta.load_files order by 1")
    assert place.rotate() == len(known)
    assert place.places_of(known).keys() == {"meta.first_hashes"}
    assert place.places_of(place.hashed(NEW)).keys() == {
        "vault.identifiers", "meta.first_hashes", "lake contacts", "lake orders", "lake touches", "lake events"
    }
    assert place.raw("select count(phone_hash), count(distinct phone_hash) from raw.contacts") == counts
    assert place.rows("select load_id, rows_in_file, rows_loaded from meta.load_files order by 1") == accounts
    assert place.raw("select count(*) from raw.contacts where phone_hash is not null and phone is null") == [(0,)]
    assert place.rotate() == 0, "a second time there is nothing left to do"
    place.store(NEW)


def test_old_revisions_are_kept_for_a_week(place: Place) -> None:
    files = len(list(Lake(place.settings().lake).listing()))
    replaced = place.rows(
        "select count(*) from meta.load_files"
        " where export in ('contacts', 'contact_identifiers', 'orders', 'touches', 'events')"
    )
    place.rotate()
    assert len(list(Lake(place.settings().lake).listing())) == files + replaced[0][0]
    later = "select count(*) from meta.lake_deletions where delete_after > now() + interval '6 days'"
    assert place.rows(later) == replaced


def test_a_change_waits_for_nobody_and_disturbs_nobody(place: Place) -> None:
    known = place.places_of(place.hashed(OLD))
    with connect(place.url, "publisher") as connection:
        token = lease.acquire(connection, "run", str(FIRST))
        lease.keep_alive(place.url, token)
        with pytest.raises(Superseded, match="Run run is writing"):
            place.rotate()
        lease.release()
    assert place.places_of(place.hashed(OLD)) == known
    with pytest.raises(UseropsError, match="not the one"):
        place.rotate("other" * 8)
    with pytest.raises(UseropsError, match="at least 32"):
        place.rotate(OLD, "short")
    place.rotate()
    with connect(place.url, "publisher") as connection, pytest.raises(Superseded, match="Superseded by rotate-key"):
        lease.assert_writer_token(connection, token)


def test_a_hash_of_no_value_stops_all_of_it(place: Place) -> None:
    gone = place.rows("select hash from vault.identifiers where kind = 'phone' order by hash limit 1")[0][0]
    with psycopg.connect(place.url) as admin:
        admin.execute("delete from vault.identifiers where hash = %s", [gone])
    known = place.places_of(place.hashed(OLD))
    with pytest.raises(UseropsError, match="hashes in .*contacts.* are of no value kept"):
        place.rotate()
    assert place.places_of(place.hashed(OLD)) == known and place.places_of(place.hashed(NEW)) == {}


class Killed(Exception):
    """The process dies here."""


@pytest.mark.parametrize("call", [1, 5, 12])
def test_killed_anywhere_nothing_has_changed_and_it_is_done_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    known, calls, put = place.places_of(place.hashed(OLD)), 0, Lake.put

    def dying(*arguments: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        put(*arguments)

    with monkeypatch.context() as dead:
        dead.setattr(Lake, "put", dying)
        with pytest.raises(Killed):
            place.rotate()
    assert place.places_of(place.hashed(OLD)) == known and place.places_of(place.hashed(NEW)) == {}
    place.rotate()
    assert place.places_of(place.hashed(OLD)).keys() == {"meta.first_hashes"}


def test_further_identifiers_are_hashed_anew_each_by_its_kind(empty: Place) -> None:
    at = f"{FIRST}T12:00:00+08:00"
    contact = rows_of(empty.landing / str(FIRST) / "contacts.csv")[0]["contact_id"]
    write_rows(empty.landing / str(FIRST) / "contact_identifiers.csv", [
        {"contact_id": contact, "kind": kind, "value": value, "updated_at": at}
        for kind, value in (("phone", "13912345678"), ("device_id", "13912345678"), ("phone", "12"))
    ])  # fmt: skip
    empty.store()
    empty.rotate()
    rows = dict(empty.raw("select kind, value_hash from raw.contact_identifiers where value_hash is not null"))
    assert rows == {
        "phone": keys.hashed(NEW, "phone", "+8613912345678"), "device_id": keys.hashed(NEW, "device_id", "13912345678")
    }
    assert empty.raw("select count(*) from raw.contact_identifiers") == [(3,)]


def erased_person(place: Place) -> tuple[str, str]:
    """A contact whose phone a touch carries that names nobody, and an order of somebody else."""
    folder = place.landing / str(FIRST)
    contacts = [row for day in DAYS for row in rows_of(place.landing / str(day) / "contacts.csv")]
    phones = Counter(phone for phone, _ in {(row["phone"], row["contact_id"]) for row in contacts})
    one = next(row for row in rows_of(folder / "contacts.csv") if row["phone"].isdigit() and phones[row["phone"]] == 1)
    touches, orders = rows_of(folder / "touches.csv"), rows_of(folder / "orders.csv")
    touches[0] |= {"touch_id": "alone", "contact_id": "", "email": "", "unionid": "", "device_id": "",
                   "phone": one["phone"]}
    orders[0] |= {"order_id": "another's", "contact_id": "somebody", "unionid": "", "device_id": "",
                  "phone": one["phone"]}
    write_rows(folder / "touches.csv", touches)
    write_rows(folder / "orders.csv", orders)
    return one["contact_id"], one["phone"]


def test_whoever_was_erased_stays_so_through_two_changes(empty: Place) -> None:
    """Their old files come again under the third key."""
    contact, phone = erased_person(empty)
    empty.store()
    lake = Lake(empty.settings().lake)
    with connect(empty.url, "loader") as connection:
        with connection.transaction():
            erasure.request(connection, lake, empty.home, contact, "erase", FIRST)
        assert erasure.apply(connection, empty.settings(), FIRST) > 0
        pseudonyms = keys.pseudonym_key(connection)
    for before, after in ((OLD, NEW), (NEW, THIRD)):
        assert empty.rotate(before, after) > 300
        assert empty.places_of(empty.hashed(OLD)).keys() == {"meta.first_hashes"}
    assert empty.places_of(empty.hashed(NEW)) == {}
    # Nobody has this phone: the order of somebody else keeps a hash of its hash.
    (kept,) = empty.raw("select phone_hash from raw.orders where order_id = 'another''s'")[0]
    once = keys.hashed(NEW, "phone", keys.hashed(OLD, "phone", f"+86{phone}"))
    assert kept == keys.hashed(THIRD, "phone", once)
    assert empty.rows("select count(*) from meta.erased_identifiers where hash = %s", kept) == [(1,)]
    with connect(empty.url) as admin:
        assert keys.pseudonym_key(admin) == pseudonyms, "contact ids made of names stay"
    for path in empty.landing.glob("20*/*.csv"):
        if path.stem in ("contacts", "touches", "orders"):
            path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    empty.store(THIRD)
    assert empty.raw("select count(*) from raw.touches where touch_id = 'alone'") == [(1,)]
    with connect(empty.url, "loader") as connection:
        erasure.apply(connection, empty.settings(THIRD), FIRST)
    assert empty.raw("select count(*) from raw.touches where touch_id = 'alone'") == [(0,)]
    assert empty.raw("select count(*) from raw.contacts where contact_id = ?", contact) == [(0,)]
    assert empty.rows("select count(*) from vault.identifiers where raw_value = %s", phone) == [(0,)]


def linked(place: Place) -> list[tuple]:
    """What the links say without their hashes; of contacts with it, as it is none of the key's."""
    return place.rows(
        "select kind, case when kind = 'contact_id' then identifier end, user_id, contacts, links, reason"
        " from marts.identity_links order by 1, 2, 3, 4, 6"
    )


def test_users_and_links_are_as_before_with_the_version_being_read_and_by_the_next_run(place: Place) -> None:
    """Some users are known by hashes alone, from which their ids are made."""
    run_whole(place.settings(OLD), DAYS[-1])
    people, links = place.rows("select user_id from marts.users order by 1"), linked(place)
    known = place.hashed(OLD)
    assert {link[2] for link in links} - {link[2] for link in links if link[0] == "contact_id"} - {None}
    place.rotate()
    assert place.rows("select user_id from marts.users order by 1") == people and linked(place) == links
    assert not [name for name in place.places_of(known) if name.startswith(("slot", "lake", "vault", "raw"))]
    with pytest.raises(Blocked, match="hash_key"):
        run_whole(place.settings(OLD), None, rebuild=True)
    run_whole(place.settings(NEW), None, rebuild=True)
    assert place.rows("select user_id from marts.users order by 1") == people and linked(place) == links


def rotate_key(url: str, home: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    place = clean_environment(USEROPS_DATABASE_URL=url, USEROPS_HOME=str(home), **environment)
    return userops_forked(["db", "rotate-key", *arguments], place)


def test_the_command_changes_the_stored_key_or_takes_one_from_a_file(warehouse_url: str, tmp_path: Path) -> None:
    stored = tmp_path / "hash_key"
    stored.write_text(OLD)
    assert rotate_key(warehouse_url, tmp_path)[0] == 0
    made = stored.read_text()
    assert made != OLD and len(made) == 64 and not (tmp_path / "hash_key.new").exists()
    with connect(warehouse_url, "publisher") as connection:
        assert keys.known(connection) == keys.fingerprint(made)
    code, said = rotate_key(warehouse_url, tmp_path, USEROPS_HASH_KEY=NEW)
    assert code == 2 and "--to" in said
    (tmp_path / "given").write_text(NEW)
    code, said = rotate_key(warehouse_url, tmp_path, "--to", str(tmp_path / "given"), USEROPS_HASH_KEY=made)
    assert code == 0 and "Set USEROPS_HASH_KEY" in said
    # Cut off between the commit and the file: the stored key is an old one, the new one lies beside it.
    (tmp_path / "hash_key.new").write_text(NEW)
    code, said = rotate_key(warehouse_url, tmp_path)
    assert code == 0 and "has the new key" in said and stored.read_text() == NEW
