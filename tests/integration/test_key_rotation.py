"""The hash key: a night with another one is refused; changing it on purpose leaves every user and every join as it was.

Nights run as in the tests of faults, on a small simulated business; each test starts from a copy of the first night.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from conftest import fresh_database
from csv_rows import rows_of, write_rows
from deployment import clean_environment, userops
from faults import steps
from faults.business import FIRST, NIGHT, Business, Case, hashes
from userops.errors import Superseded, UseropsError
from userops.ingest import loader
from userops.ingest.tables import ensure_raw_tables
from userops.privacy import erasure, key_rotation, keys
from userops.privacy.identifiers import normalise
from userops.publish.status import status
from userops.settings import Settings
from userops.simulate import simulate
from userops.warehouse import lease
from userops.warehouse.connection import connect
from userops.warehouse.schema import migrate

OLD, NEW = "k" * 64, "n" * 64
NEW_KEY = {"USEROPS_HASH_KEY": NEW}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def business(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    made = Business(server_url, tmp_path_factory.mktemp("business"))
    with made.case() as case:
        case.run(steps.WHOLE, FIRST)
        made.keep(case, "published")
    yield made
    made.drop()


def links(url: str) -> list[tuple]:
    """What the links say without their hashes; of contacts with it, as it is none of the key's."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select kind, case when kind = 'contact_id' then identifier end, user_id, contacts, links, reason"
            " from marts.identity_links order by 1, 2, 3, 4, 6"
        ).fetchall()


def users(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("select user_id from marts.users")}


def without_users(url: str) -> set[str]:
    """Marts that name no user."""
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(
            "select relname from pg_class where relnamespace = 'slot_0'::regnamespace and relkind = 'r' and not exists"
            " (select from pg_attribute where attrelid = pg_class.oid and attname in ('user_id', 'merged_id'))"
        )}


def old_hashes(url: str, key: str = OLD) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select kind, value from vault.identifiers where value is not null").fetchall()
    return {keys.hashed(key, kind, value) for kind, value in rows}


def places_of(url: str, wanted: set[str]) -> dict[str, int]:
    """Tables of every schema in which one of the hashes stands, and how often."""
    found = {}
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select format('%I.%I', nspname, relname) from pg_class join pg_namespace as n on n.oid = relnamespace"
            " where relkind in ('r', 'm') and nspname !~ '^pg_|information_schema'"
        ).fetchall()
        for (table,) in tables:
            text = "\n".join(row[0] for row in connection.execute(f"select t::text from {table} as t"))
            found[table] = len(wanted.intersection(re.findall(r"[0-9a-f]{32}", text)))
    return {table: count for table, count in found.items() if count}


def rotated(case: Case) -> int:
    return key_rotation.rotate(case.url, case.settings(), NEW)


def test_every_hash_is_changed_and_every_user_kept(business: Business) -> None:
    with business.case("published") as case:
        before, known, linked, people = hashes(case.url), old_hashes(case.url), links(case.url), users(case.url)
        # Some of them are known by hashes alone, which their ids are made of.
        assert {link[2] for link in linked} - {link[2] for link in linked if link[0] == "contact_id"} - {None}
        assert places_of(case.url, known).keys() >= {"raw.contacts", "vault.identifiers", "build.int_identifiers"}
        assert rotated(case) == len(known)
        after = hashes(case.url)
        assert {mart for mart in before if before[mart] != after[mart]} == {"identity_links"}
        assert links(case.url) == linked and users(case.url) == people
        # What ids of users are made of is kept by the old hashes, and seen by no reader.
        assert places_of(case.url, known).keys() == {"build.int_identifiers", "meta.first_hashes"}
        new = old_hashes(case.url, NEW)
        assert places_of(case.url, new).keys() >= {
            "raw.contacts", "raw.touches", "staging.base_contacts", "build.int_identifiers", "vault.identifiers",
            "build.int_identity_components", "build.int_contacts_reachability", "build.identity_links",
            "slot_0.identity_links",
        }  # fmt: skip
        with psycopg.connect(case.url) as connection:
            lost = connection.execute(
                "select count(*) from build.int_contacts_reachability as contacts where identifier_hash is not null and"
                " not exists (select from vault.identifiers as v where v.kind = contacts.identifier_kind"
                " and v.hash = contacts.identifier_hash)"
            ).fetchone()[0]
            assert lost == 0
        assert key_rotation.rotate(case.url, case.settings(), NEW) == 0, "a second time there is nothing left to do"


def test_no_id_of_a_contact_is_found_by_trying(business: Business) -> None:
    """Neither in the links nor in the ids of users, by any hash that needs no key."""
    with business.case("published") as case, psycopg.connect(case.url) as connection:
        contacts = [row[0] for row in connection.execute("select contact_id from build.map_contact_user")]
        published = " ".join(row[0] for row in connection.execute(
            "select concat_ws(' ', identifier, user_id) from marts.identity_links"
        ))
        tried = {
            digest(prefix.encode() + contact.encode()).hexdigest()[:16]
            for contact in contacts for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256)
            for prefix in ("", "contact_id:", "user:contact_id:")
        }
        assert contacts and not [text for text in [*tried, *contacts] if text in published]
        key = connection.execute("select key from meta.id_key").fetchone()[0]
        assert key == keys.derived(OLD, "id")
        mine = hashlib.sha256(f"{key}:contact_id:{contacts[0]}".encode()).hexdigest()[:32]
        assert mine in published, "with the key it is found"


def test_the_nights_after_it_know_everybody(business: Business) -> None:
    """On the last one, and built whole: as without the change, but for the ids of those first met under the new key."""
    with business.case("published") as case:
        case.run(steps.WHOLE)
        undisturbed, people, linked = hashes(case.url), users(case.url), links(case.url)
    with business.case("published") as case:
        earlier = users(case.url)
        rotated(case)
        refused = case.start(("begin",))
        assert refused.wait() == 1
        assert "is blocked" in refused.error and "hash_key on warehouse" in refused.error
        assert [m["kind"] for m in case.messages() if "hash_key" in m["body"]] == ["alert"]
        assert status(case.url)["blocked_by"][0]["detail"] == keys.FIX
        case.run(steps.WHOLE, environment=NEW_KEY)
        assert earlier & people <= users(case.url)
        assert len(users(case.url)) == len(people)
        assert sorted(link[:2] + link[3:] for link in links(case.url)) == sorted(k[:2] + k[3:] for k in linked)
        on_the_last = hashes(case.url)
        figures = without_users(case.url)
        assert len(figures) > 20 and {mart for mart in figures if on_the_last[mart] != undisturbed[mart]} == set()
        with psycopg.connect(case.url) as admin:
            admin.execute("delete from meta.build_state")
        case.run(steps.WHOLE, environment=NEW_KEY)
        assert hashes(case.url) == on_the_last


def test_a_change_waits_for_nobody_and_disturbs_nobody(business: Business) -> None:
    with business.case("published") as case:
        before = hashes(case.url)
        with connect(case.url, "publisher") as connection:
            token = lease.acquire(connection, "run", str(NIGHT))
            lease.keep_alive(case.url, token)
            with pytest.raises(Superseded, match="Run run is writing"):
                rotated(case)
            lease.release()
        assert hashes(case.url) == before
        with pytest.raises(UseropsError, match="not the one"):
            key_rotation.rotate(case.url, Settings.load({"USEROPS_HASH_KEY": "other"}), NEW)
        with pytest.raises(UseropsError, match="at least 32"):
            key_rotation.rotate(case.url, case.settings(), "short")
        rotated(case)
        with connect(case.url, "publisher") as connection, pytest.raises(Superseded, match="rotate-key has taken over"):
            lease.assert_writer_token(connection, token)


def test_a_hash_of_no_value_stops_all_of_it(business: Business) -> None:
    with business.case("published") as case:
        with psycopg.connect(case.url) as admin:
            admin.execute("update build.int_contacts_reachability set identifier_hash = 'x' where medium = 'sms'")
        before = hashes(case.url)
        with pytest.raises(UseropsError, match="int_contacts_reachability"):
            rotated(case)
        assert hashes(case.url) == before and places_of(case.url, old_hashes(case.url, NEW)) == {}


DAYS = [FIRST + timedelta(days=k) for k in range(3)]
EXPORTS = ("contacts", "orders", "touches")


@pytest.fixture
def erased(tmp_path: Path) -> tuple[str, str]:
    """Three delivered days and one contact of them: its id and phone, which a touch carries that names nobody, and an
    order of somebody else."""
    simulate(tmp_path, 300, 3, FIRST, 5)
    for manifest in tmp_path.glob("20*/_manifest.json"):
        manifest.unlink()
    folder = tmp_path / str(FIRST)
    contacts = [row for day in DAYS for row in rows_of(tmp_path / str(day) / "contacts.csv")]
    phones = Counter(phone for phone, _ in {(row["phone"], row["contact_id"]) for row in contacts})
    one = next(row for row in rows_of(folder / "contacts.csv") if row["phone"] and phones[row["phone"]] == 1)
    touches, orders = rows_of(folder / "touches.csv"), rows_of(folder / "orders.csv")
    touches[0] |= {"touch_id": "alone", "contact_id": "", "email": "", "unionid": "", "device_id": "",
                   "phone": one["phone"]}
    orders[0] |= {"order_id": "another's", "contact_id": "somebody", "unionid": "", "device_id": "",
                  "phone": one["phone"]}
    write_rows(folder / "touches.csv", touches)
    write_rows(folder / "orders.csv", orders)
    return one["contact_id"], one["phone"]


def load(url: str, settings: Settings) -> None:
    with connect(url, "loader") as connection:
        ensure_raw_tables(connection)
        for day in DAYS:
            for export in EXPORTS:
                assert not [r for r in loader.load_export(connection, settings, export, day, "test") if r.blocks]


def test_whoever_was_erased_stays_so_through_two_changes(
    server_url: str, tmp_path: Path, erased: tuple[str, str]
) -> None:
    """Their old files come again under the third key."""
    contact, phone = erased
    first, second, third = (
        Settings.load({"USEROPS_LANDING": str(tmp_path), "USEROPS_HOME": str(tmp_path), "USEROPS_HASH_KEY": key})
        for key in (OLD, NEW, "t" * 64)
    )
    with fresh_database(server_url) as url:
        migrate(url)
        load(url, first)
        with connect(url, "loader") as connection:
            erasure.request(connection, contact, "erase", FIRST)
            assert erasure.apply(connection, FIRST) > 0
            pseudonyms = keys.pseudonym_key(connection)
        for before, after in ((first, second), (second, third)):
            assert key_rotation.rotate(url, before, after.hash_key) > 300
            assert places_of(url, old_hashes(url)).keys() == {"meta.first_hashes"}
        assert places_of(url, old_hashes(url, NEW)) == {}
        with connect(url) as admin:
            # The vault holds this phone no more; the row that keeps it tells it.
            value = normalise("phone", phone, first.default_country)
            kept = admin.execute("select phone_hash from raw.orders where phone = %s", [phone]).fetchall()
            assert kept == [(keys.hashed(third.hash_key, "phone", value),)]
            assert keys.pseudonym_key(admin) == pseudonyms, "contact ids made of names stay"
            admin.execute("update meta.load_files set sha256 = 'changed' where source <> 'by hand'")
        load(url, third)
        with connect(url, "loader") as connection:
            came = "select count(*) from raw.touches where touch_id = 'alone'"
            assert connection.execute(came).fetchone() == (1,)
            erasure.apply(connection, FIRST)
            assert connection.execute(came).fetchone() == (0,)
            left = "select count(*) from raw.contacts where contact_id = %s or phone = %s"
            assert connection.execute(left, [contact, phone]).fetchone() == (0,)
            in_vault = "select count(*) from vault.identifiers where raw_value = %s"
            assert connection.execute(in_vault, [phone]).fetchone() == (0,)


def test_the_command_says_that_the_key_is_another_and_what_to_do(business: Business) -> None:
    with business.case("published") as case:
        metadata = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{case.home}/airflow.db"}
        code, said = userops(
            ["night", "--date", str(NIGHT)], clean_environment(**case.environment(**NEW_KEY, **metadata))
        )
        assert code == 1 and "hash_key on warehouse" in said and keys.FIX in said, said
        with psycopg.connect(case.url) as connection:
            loaded = "select count(*) from meta.load_files where business_date = %s"
            assert connection.execute(loaded, [NIGHT]).fetchone() == (0,)
            told = "select count(*) from meta.outbox where kind = 'alert' and business_date = %s"
            assert connection.execute(told, [NIGHT]).fetchone() == (1,)


def rotate_key(url: str, home: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    place = clean_environment(USEROPS_DATABASE_URL=url, USEROPS_HOME=str(home), **environment)
    return userops(["db", "rotate-key", *arguments], place)


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
