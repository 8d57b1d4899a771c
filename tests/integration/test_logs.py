"""Publication logs: what each version said that the one before it did not, after rollbacks and erasures too."""

import uuid
from dataclasses import replace
from datetime import date

import pytest

from conftest import fresh_database
from userops.publish import publication
from userops.publish.marts import MAP, Column, Mart
from userops.warehouse import lease
from userops.warehouse.connection import connect


def mart(name, key, **columns):
    return Mart(name, key, tuple(Column(c, kind) for c, kind in columns.items()), f"One row per {', '.join(key)}.")


MARTS = [
    MAP,
    mart("users", ("user_id",), user_id="text"),
    mart("tag_catalog", ("tag_code",), tag_code="text"),
    mart("user_tags", ("user_id", "tag_code"), user_id="text", tag_code="text", value="text", score="numeric"),
    mart("audiences", ("audience_code",), audience_code="text"),
    mart("audience_members", ("audience_code", "user_id"), audience_code="text", user_id="text"),
]
D1, D2, D3 = "2024-01-30", "2024-01-31", "2024-02-01"
FIRST = {
    "map_contact_user": [("c1", "u1"), ("c2", "u2"), ("c3", "u3"), ("c4", "u3"), ("c5", "u5")],
    "users": [("u1",), ("u2",), ("u3",), ("u5",)],
    "tag_catalog": [("vip",), ("new",), ("unused",)],
    "user_tags": [("u1", "vip", "gold", 0.9), ("u2", "vip", "gold", 0.8), ("u3", "new", None, 1)],
    "audiences": [("loyal",), ("nobody",)],
    "audience_members": [("loyal", "u1"), ("loyal", "u2")],
}
# A correction: c2 is the person of c1, c4 another than c3; the id of c5 hangs on an identifier that was seen earlier.
SECOND = FIRST | {
    "map_contact_user": [("c1", "u1"), ("c2", "u1"), ("c3", "u3"), ("c4", "u9"), ("c5", "u6")],
    "users": [("u1",), ("u3",), ("u6",), ("u9",)],
    "user_tags": [("u1", "vip", "gold", 0.5), ("u1", "new", None, 1), ("u9", "new", None, 1)],
    "audience_members": [("loyal", "u1"), ("loyal", "u9")],
}
THIRD = SECOND | {
    "user_tags": [("u1", "vip", "silver", 0.5), ("u1", "new", None, 1), ("u9", "new", None, 1)],
    "audience_members": [],
}
MERGES = """
    select old_user_id, new_user_id, kind, version, business_date::text, contacts
    from marts.user_merges order by 1, 2
"""
HISTORY = """
    select user_id, tag_code, value, from_version, from_date::text, to_version, to_date::text
    from marts.tag_history order by 1, 2, 4
"""
TAGS = "select user_id, tag_code, value, since::text from marts.user_tags order by 1, 2"
MONTHLY = "select tag_code, month::text, users, share from marts.tag_monthly order by 1, 2"
CHANGES = """
    select audience_code, version, business_date::text, entered, "left", members
    from marts.audience_changes order by 1, 2
"""

MERGES_OF_SECOND = [("u2", "u1", "merge", 2, D2, 1), ("u3", "u9", "split", 2, D2, 1), ("u5", "u6", "renamed", 2, D2, 1)]
HISTORY_OF_SECOND = [
    ("u1", "new", None, 2, D2, None, None),
    ("u1", "vip", "gold", 1, D1, None, None),
    ("u2", "vip", "gold", 1, D1, 2, D2),
    ("u3", "new", None, 1, D1, 2, D2),
    ("u9", "new", None, 2, D2, None, None),
]


class Business:
    """A warehouse without dbt: `build` is written by hand."""

    def __init__(self, url):
        self.url = url

    def publish(self, day, tables, marts=MARTS):
        with connect(self.url, "transformer") as connection:
            for mart in marts:
                columns = ", ".join(f"{c.name} {c.type}" for c in mart.columns)
                connection.execute(f"drop table if exists build.{mart.name}")
                connection.execute(f"create table build.{mart.name} ({columns})")
                values = ", ".join(["%s"] * len(mart.columns))
                connection.cursor().executemany(f"insert into build.{mart.name} values ({values})", tables[mart.name])
        run_id = uuid.uuid4().hex
        with connect(self.url, "publisher") as connection:
            token = lease.acquire(connection, run_id, day)
            version = publication.publish(connection, marts, run_id, day, token)
            lease.end(connection, run_id, "published")
        return version

    def rollback(self, to):
        with connect(self.url, "publisher") as connection:
            publication.rollback(connection, to)

    def read(self, query):
        with connect(self.url, "bi_reader") as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def business(server_url, migrated):
    with fresh_database(server_url, migrated) as url:
        yield Business(url)


def test_the_first_publication_starts_the_logs(business):
    assert business.publish(D1, FIRST) == 1
    assert business.read(MERGES) == []
    assert business.read(HISTORY) == [
        ("u1", "vip", "gold", 1, D1, None, None),
        ("u2", "vip", "gold", 1, D1, None, None),
        ("u3", "new", None, 1, D1, None, None),
    ]
    assert business.read(TAGS) == [("u1", "vip", "gold", D1), ("u2", "vip", "gold", D1), ("u3", "new", None, D1)]
    assert business.read(CHANGES) == [("loyal", 1, D1, 2, 0, 2), ("nobody", 1, D1, 0, 0, 0)]
    assert [tuple(map(str, row)) for row in business.read(MONTHLY)] == [
        ("new", "2024-01-01", "1", "0.250000"),
        ("unused", "2024-01-01", "0", "0.000000"),
        ("vip", "2024-01-01", "2", "0.500000"),
    ]


def test_a_correction_that_merges_splits_and_renames(business):
    business.publish(D1, FIRST)
    business.publish(D2, SECOND)
    assert business.read(MERGES) == MERGES_OF_SECOND
    assert business.read(HISTORY) == HISTORY_OF_SECOND
    assert business.read(TAGS) == [("u1", "new", None, D2), ("u1", "vip", "gold", D1), ("u9", "new", None, D2)]
    assert business.read(CHANGES) == [
        ("loyal", 1, D1, 2, 0, 2), ("loyal", 2, D2, 1, 1, 2), ("nobody", 1, D1, 0, 0, 0), ("nobody", 2, D2, 0, 0, 0),
    ]
    business.publish(D3, THIRD)
    assert business.read(MERGES) == MERGES_OF_SECOND, "no id changed since"
    assert business.read(HISTORY) == [
        ("u1", "new", None, 2, D2, None, None),
        ("u1", "vip", "gold", 1, D1, 3, D3),
        ("u1", "vip", "silver", 3, D3, None, None),
        *HISTORY_OF_SECOND[2:],
    ]
    assert business.read(CHANGES)[:3] == [
        ("loyal", 1, D1, 2, 0, 2), ("loyal", 2, D2, 1, 1, 2), ("loyal", 3, D3, 0, 2, 0),
    ]
    assert [tuple(map(str, row)) for row in business.read(MONTHLY) if row[0] == "vip"] == [
        ("vip", "2024-01-01", "1", "0.250000"), ("vip", "2024-02-01", "1", "0.250000"),
    ], "a month's share is that of its last publication"


def test_rolled_back_and_published_again_they_hold_what_readers_were_told_and_nothing_twice(business):
    business.publish(D1, FIRST)
    business.publish(D2, SECOND)
    business.rollback(1)
    assert business.read(MERGES) == []
    assert business.read(TAGS) == [("u1", "vip", "gold", D1), ("u2", "vip", "gold", D1), ("u3", "new", None, D1)]
    assert len(business.read(CHANGES)) == 2
    assert business.publish(D3, SECOND) == 3
    assert business.read(MERGES) == [(*row[:3], 3, D3, 1) for row in MERGES_OF_SECOND]
    assert business.read(HISTORY) == [
        tuple({2: 3, D2: D3}.get(value, value) for value in row) for row in HISTORY_OF_SECOND
    ]
    assert [row[:2] for row in business.read(CHANGES)] == [("loyal", 1), ("loyal", 3), ("nobody", 1), ("nobody", 3)]
    assert business.read("select base_version from marts.publication order by version") == [(None,), (1,), (1,)]
    business.rollback(2)
    assert business.read(MERGES) == MERGES_OF_SECOND, "readers of version 2 see what it said"
    assert business.read(HISTORY) == HISTORY_OF_SECOND


def test_the_same_version_again_logs_counts_alone(business):
    business.publish(D1, FIRST)
    business.publish(D1, FIRST)
    assert business.read(MERGES) == []
    assert {row[3:5] for row in business.read(HISTORY)} == {(1, D1)}
    assert business.read(CHANGES)[:2] == [("loyal", 1, D1, 2, 0, 2), ("loyal", 2, D1, 0, 0, 2)]


def test_a_user_who_moves_into_another_is_merged(business):
    """c4 leaves u3 for u1: the ids of c1 and c4 became one, which is told before the split."""
    business.publish(D1, FIRST)
    moved = [("c1", "u1"), ("c2", "u2"), ("c3", "u3"), ("c4", "u1"), ("c5", "u5")]
    business.publish(D2, FIRST | {"map_contact_user": moved})
    assert business.read(MERGES) == [("u3", "u1", "merge", 2, D2, 1)]


def test_contacts_that_come_or_go_change_no_id(business):
    business.publish(D1, FIRST)
    business.publish(D2, FIRST | {"map_contact_user": [("c1", "u1"), ("c6", "u2")]})
    assert business.read(MERGES) == []


def test_a_tag_mart_of_another_shape_keeps_since_and_history(business):
    business.publish(D1, FIRST)
    business.publish(D2, SECOND)
    wider = [m if m.name != "user_tags" else mart("user_tags", m.key, **{c.name: c.type for c in m.columns}, more="int")
             for m in MARTS]
    business.publish(D3, SECOND | {"user_tags": [(*row, 7) for row in SECOND["user_tags"]]}, wider)
    assert business.read(HISTORY) == HISTORY_OF_SECOND
    assert business.read("select distinct more from marts.user_tags") == [(7,)]
    business.rollback(2)
    assert business.read(HISTORY) == HISTORY_OF_SECOND
    assert business.read("select distinct more from marts.user_tags") == [(None,)]


def test_erasure_cleans_slots_and_logs_and_counts_stay(business):
    """c4 was u9's only contact, and u2 an id made from an identifier that is erased."""
    links = mart("links", ("kind", "identifier"), kind="text", identifier="text", user_id="text")
    invited = mart("invited", ("user_id",), user_id="text", referrer_user_id="text")
    others = {"links": [("phone", "h1", "u1"), ("phone", "h2", "u1"), ("phone", "h9", "u9")],
              "invited": [("u1", "u9"), ("u3", "u1")]}
    marts = [*MARTS, links, invited]
    business.publish(D1, FIRST | others, marts)
    business.publish(D2, SECOND | others, marts)
    with connect(business.url) as admin:
        admin.execute("insert into meta.erased_contacts values ('c4', 'request', 0)")
        admin.execute("insert into meta.erased_identifiers values ('phone', 'h2', 'request')")
        admin.execute("insert into meta.erased_user_ids values ('u2', 'request')")
    without = SECOND | {
        "map_contact_user": [row for row in SECOND["map_contact_user"] if row[0] != "c4"],
        "users": [("u1",), ("u3",), ("u6",)],
        "user_tags": SECOND["user_tags"][:2],
        "audience_members": [("loyal", "u1")],
    }
    business.publish(D3, without | {"links": [("phone", "h1", "u1")], "invited": [("u1", None), ("u3", "u1")]}, marts)
    assert business.read(MERGES) == [("u5", "u6", "renamed", 2, D2, 1)]
    assert business.read(HISTORY) == [row for row in HISTORY_OF_SECOND if row[0] not in ("u2", "u9")]
    assert business.read(CHANGES)[:3] == [
        ("loyal", 1, D1, 2, 0, 2), ("loyal", 2, D2, 1, 1, 2), ("loyal", 3, D3, 0, 1, 1),
    ]
    with connect(business.url) as admin:
        for slot in publication.SLOTS:
            named = "select count(*) from slot_{}.{} where user_id in ('u2', 'u9')"
            for table in ("users", "user_tags", "audience_members", "map_contact_user"):
                assert admin.execute(named.format(slot, table)).fetchone() == (0,)
            assert admin.execute(f"select from slot_{slot}.map_contact_user where contact_id = 'c4'").fetchall() == []
            assert admin.execute(f"select identifier from slot_{slot}.links").fetchall() == [("h1",)]
            assert sorted(admin.execute(f"select * from slot_{slot}.invited"), key=str) == [("u1", None), ("u3", "u1")]
        told = dict(admin.execute("select table_name, rows from meta.erasure_log").fetchall())
        assert admin.execute("select count(*) from meta.erased_user_ids").fetchone() == (0,)
    # In slot 0 c4 was still u3's, which stays; the row itself goes as the contact's.
    assert told["meta.log_user_ids"] == 2
    assert told["meta.log_tags"] == 2
    assert told["slot_0.map_contact_user"] == 1


def test_figures_are_kept_with_the_version(business):
    with connect(business.url, "transformer") as connection:
        connection.execute(
            "create table quality.mart_figures as select 'users' as mart, 'users' as figure, 'all' as subject,"
            " 4::double precision as value"
        )
    business.publish(D1, FIRST)
    with connect(business.url, "transformer") as connection:
        kept = connection.execute("select * from meta.published_figures").fetchall()
    assert kept == [(1, "users", "users", "all", 4.0)]


def test_what_is_in_no_published_version(business):
    """Loads of a later date, late files and blocked deliveries; not what a version was built of."""
    from userops.publish.status import unpublished_since

    def load(day):
        with connect(business.url) as admin:
            admin.execute(
                "insert into meta.load_files (business_date, source, export, file_name, sha256, bytes, rows_in_file,"
                " rows_loaded, rows_quarantined, state)"
                " values (%s, 'canonical', 'orders', 'o', '', 0, 0, 0, 0, 'loaded')",
                [day],
            )

    def since(day):
        with connect(business.url, "publisher") as connection:
            return unpublished_since(connection, date.fromisoformat(day))

    load(D1)
    assert since(D1) is None, "before the first publication"
    business.publish(D1, FIRST)
    assert since(D1) == date(2024, 1, 29), "a date that is run again is judged again"
    assert since(D2) == date(2024, 1, 30)
    load(D2)
    assert since(D3) == date(2024, 1, 30), "blocked: judged again by the next run"
    business.publish(D1, FIRST)
    assert since(D3) == date(2024, 1, 30), "a version of an earlier date does not hold it"
    load("2024-01-10")
    assert since(D3) == date(2024, 1, 9), "a late file"
    business.publish(D3, FIRST)
    assert since("2024-02-02") == date(2024, 2, 1)


def test_every_column_that_readers_see_has_a_comment(business):
    told = [replace(m, columns=tuple(replace(c, comment="What it is.") for c in m.columns)) for m in MARTS]
    business.publish(D1, FIRST, told)
    assert business.read(
        "select attrelid::regclass::text, attname from pg_attribute where attnum > 0 and attrelid in"
        " (select oid from pg_class where relnamespace = 'marts'::regnamespace)"
        " and col_description(attrelid, attnum) is null"
    ) == []
    assert business.read(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace"
        " and obj_description(oid) not like 'One row per %'"
    ) == []
