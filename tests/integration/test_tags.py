"""Tags and audiences against a warehouse: rules run, users are explained, activation files hold no opted-out person.

The marts stand as tables made by hand, small enough to know every row; dbt's own tests cover how they are built.
"""

import os
import stat
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csv_rows import rows_of
from tag_rules import FEATURES, NAMES, RULES, TYPES
from userops.activation.export import export
from userops.activation.files import neutral
from userops.errors import UseropsError
from userops.privacy.keys import hashed
from userops.settings import Settings
from userops.tags.explain import explain
from userops.tags.expressions import RuleError, parse
from userops.tags.lint import overlaps
from userops.tags.rendering import to_sql
from userops.tags.store import write_catalog
from userops.warehouse.connection import connect

KEY = "k" * 64
DAY = date(2025, 3, 31)

# One person a reason: u_ok may be written to, each other one has one thing against it.
BUILD = """
create table build.map_contact_user as select * from (values
    ('c_ok', 'u_ok'), ('c_no', 'u_no'), ('c_tired', 'u_tired'), ('c_left', 'u_left'), ('c_same1', 'u_same1'),
    ('c_same2', 'u_same2'), ('c_again1', 'u_again'), ('c_again2', 'u_again'), ('c_half1', 'u_half'),
    ('c_half2', 'u_half'), ('c_late', 'u_late'), ('=cmd()', 'u_formula')
) as map (contact_id, user_id);
create table build.int_addresses_reachable as
select contact_id, user_id, 'sms' as medium, 'phone' as kind, address, is_reachable
from (values
    ('c_ok', 'u_ok', 'h_ok', true),
    ('c_no', 'u_no', 'h_no', false),
    ('c_tired', 'u_tired', 'h_tired', true),
    ('c_left', 'u_left', 'h_left', false),
    ('c_same1', 'u_same1', 'h_same', false),
    ('c_same2', 'u_same2', 'h_same', false),
    ('c_again1', 'u_again', 'h_again', true),
    ('c_again2', 'u_again', 'h_again', true),
    ('c_half1', 'u_half', 'h_half1', true),
    ('c_half2', 'u_half', 'h_half2', false),
    ('c_late', 'u_late', 'h_late', false),
    ('=cmd()', 'u_formula', 'h_formula', true)
) as rows (contact_id, user_id, address, is_reachable)
union all
select 'c_ok', 'u_ok', 'wechat', 'unionid', 'h_union', true
union all
select 'c_ok', 'u_ok', 'wechat', 'external_userid', 'h_external', true;
create table build.int_user_features as
select 'u_ok' as user_id, as_of, orders, 12.50 as net, null::numeric as aov
from (values (date '2025-02-28', 1), (date '2025-03-31', 3)) as days (as_of, orders);
create table build.int_feature_days as select distinct as_of from build.int_user_features;
"""

MARTS = """
create table marts.users as
select 'u_' || name as user_id
from unnest('{ok,no,tired,left,same1,same2,again,half,late,formula}'::text[]) as name;
create table marts.audiences as select 'recall' as audience_code, 10::bigint as size;
create table marts.audience_members as
select 'recall' as audience_code, user_id, user_id = 'u_tired' as is_tired,
    user_id not in ('u_tired', 'u_no', 'u_left', 'u_same1', 'u_same2') as may_sms, false as may_email,
    user_id = 'u_ok' as may_wechat, false as may_app, false as may_weibo
from marts.users;
create table marts.tag_catalog as select 'buyer' as tag_code, 'Buyer' as tag_name, '买家' as tag_name_zh,
    'value' as category, 'repurchase' as scenario, 'Decide.' as decision, 'orders >= 1' as rule,
    'orders at least 1' as rule_words, 'orders, net, aov' as features, 30 as validity_days;
create table marts.user_tags as
select 'u_ok' as user_id, 'buyer' as tag_code, 'true' as value, 3::numeric as score, date '2025-02-01' as since
union all
select 'u_' || n, tag_code, 'true', 1, date '2025-02-01'
from generate_series(1, 100) as n cross join unnest('{one,other,third}'::text[]) as tag_code
where (tag_code = 'one' and n <= 97) or (tag_code = 'other' and n <= 100) or (tag_code = 'third' and n <= 50);
insert into meta.publications (version, business_date, run_id, slot, load_id) values (1, '2025-03-31', 'r', 0, 0);
update meta.pointer set version = 1, slot = 0;
grant select on all tables in schema marts to bi_reader;
"""


@pytest.fixture(scope="module")
def warehouse(warehouse_url):
    with connect(warehouse_url, "transformer") as connection:
        connection.execute(BUILD)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(MARTS)
        connection.execute("grant select on all tables in schema marts to publisher")
        phones = {"ok": "+8613900000001", "formula": "=1+1", "half1": "13900000003", "again": "13900000004"}
        for name, value in phones.items():
            connection.execute(
                "insert into vault.identifiers (kind, raw_value, value, hash) values ('phone', %s, %s, %s)",
                [value, value, f"h_{name}"],
            )
        connection.execute(
            "insert into vault.identifiers (kind, raw_value, value, hash)"
            " values ('external_userid', 'wx_ok', 'wx_ok', 'h_external')"
        )
    return warehouse_url


@pytest.fixture
def deployment(tmp_path: Path) -> Settings:
    return Settings.load({"USEROPS_HOME": str(tmp_path), "USEROPS_HASH_KEY": KEY})


def test_the_catalogue_reaches_the_warehouse_and_replaces_itself(warehouse):
    first = write_catalog(warehouse)
    write_catalog(warehouse)
    with connect(warehouse, "transformer") as connection:
        counts = [
            connection.execute(f"select count(*) from build.config_{name}").fetchone()[0]
            for name in ("tags", "scenarios", "audiences")
        ]
    assert counts == [len(first.tags), 13, len(first.audiences)]


@given(rules=st.lists(RULES, min_size=1, max_size=4))
def test_a_rule_never_fails_and_all_engines_agree_about_it(on_postgres, on_duckdb, rules):
    """Zeros, nulls and large values alike: no rule of a tag file may stop a run, or differ by engine."""
    for rule in rules:
        try:
            statement = f"select number, {to_sql(parse(rule, NAMES), TYPES)} from features order by number"
        except RuleError as error:
            assert "deeply" in str(error) or "longer" in str(error), rule
            continue
        assert on_postgres.execute(statement).fetchall() == on_duckdb.execute(statement).fetchall(), rule


@pytest.fixture(scope="module")
def on_postgres(warehouse_url):
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(FEATURES.replace("create table", "create temp table"))
        yield connection


@pytest.fixture(scope="module")
def on_duckdb():
    with duckdb.connect() as connection:
        connection.execute(FEATURES)
        yield connection


def test_explain_shows_rule_evidence_and_since(warehouse):
    for user in ("u_ok", "c_ok"):
        with connect(warehouse, "publisher") as connection:
            found = explain(connection, user)
        assert (found["user_id"], found["business_date"], found["evidence_day"]) == ("u_ok", DAY, DAY)
        (tag,) = found["tags"]
        assert tag["evidence"] == {"orders": 3, "net": 12.5, "aov": None}
        assert (tag["rule"], tag["since"]) == ("orders >= 1", date(2025, 2, 1))
        assert tag["valid_until"] == date(2025, 4, 30)
    with connect(warehouse, "publisher") as connection, pytest.raises(UseropsError, match="no user_id"):
        explain(connection, "'; drop table marts.users")


def test_an_activation_file_holds_nobody_who_opted_out(warehouse, deployment, tmp_path):
    """Refused, tired, unsubscribed, refused by another carrier of the phone, refused since the publication.

    A phone that two contacts of a user carry is written once; of two addresses on WeChat one is.
    """
    done = export(deployment, warehouse, "recall", tmp_path / "files", "sms")
    rows = rows_of(Path(done.path))
    assert [row["user_id"] for row in rows] == ["u_again", "u_formula", "u_half", "u_ok"]
    assert (done.rows, done.users, done.members, done.business_date) == (4, 4, 10, DAY)
    assert set(rows[0]) == {"audience_code", "medium", "user_id", "contact_hash"}
    assert rows[3]["contact_hash"] == hashed(KEY, "contact_id", "c_ok")
    text = Path(done.path).read_text()
    assert not any(contact in text for contact in ("c_ok", "c_half", "=cmd", "139"))
    assert stat.S_IMODE(os.stat(done.path).st_mode) == 0o600
    assert sorted(os.listdir(tmp_path / "files")) == [f"recall.sms.{DAY}.csv", f"recall.sms.{DAY}.manifest.json"]


def test_identifiers_come_from_the_vault_and_run_no_formula(warehouse, deployment, tmp_path):
    done = export(deployment, warehouse, "recall", tmp_path, with_identifiers=True)
    found = {
        (row["medium"], row["user_id"]): (row["contact_id"], row["identifier"]) for row in rows_of(Path(done.path))
    }
    assert done.rows == len(found)
    assert found == {
        ("sms", "u_ok"): ("c_ok", "'+8613900000001"),
        ("sms", "u_again"): ("c_again1", "13900000004"),
        ("sms", "u_formula"): ("'=cmd()", "'=1+1"),
        ("sms", "u_half"): ("c_half1", "13900000003"),
        ("wechat", "u_ok"): ("c_ok", "wx_ok"),
    }
    assert stat.S_IMODE(os.stat(done.path).st_mode) == 0o600


def test_the_vault_takes_a_right(warehouse, deployment, tmp_path, server_url):
    with psycopg.connect(warehouse, autocommit=True) as admin:
        admin.execute("drop role if exists campaign_tool")
        admin.execute("create role campaign_tool login password 'x' in role publisher")
        host = f"postgresql://campaign_tool:x@{admin.info.host}:{admin.info.port}/{admin.info.dbname}"
        if admin.info.host.startswith("/"):
            pytest.skip("this server is reached by a socket")
    try:
        done = export(deployment, host, "recall", tmp_path, "sms")
        assert done.rows == 4
        with pytest.raises(UseropsError, match="may not open the vault") as raised:
            export(deployment, host, "recall", tmp_path, "sms", with_identifiers=True)
        assert "loader" in raised.value.fix
    finally:
        with psycopg.connect(warehouse, autocommit=True) as admin:
            admin.execute("drop role campaign_tool")


@pytest.mark.parametrize(
    ("audience", "medium", "said"),
    [("../../etc", "sms", "No audience '../../etc'"), ("recall", "fax", "'fax' is no medium")],
)
def test_bad_requests_are_named(warehouse, deployment, tmp_path, audience, medium, said):
    with pytest.raises(UseropsError, match=said) as raised:
        export(deployment, warehouse, audience, tmp_path / "none", medium)
    assert raised.value.fix
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_written_is_named(warehouse, deployment, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UseropsError, match="cannot be written"):
        export(deployment, warehouse, "recall", tmp_path / "file" / "deeper", "sms")


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_a_cell_runs_no_formula(cell):
    assert neutral(cell) == f"'{cell}"


def test_a_harmless_cell_stays():
    assert [neutral(cell) for cell in ("a=1", "", None, Decimal("2.5"))] == ["a=1", "", "", "2.5"]


def test_tags_of_the_same_users_are_found(warehouse):
    with connect(warehouse, "bi_reader") as connection:
        found = overlaps(connection)
    assert [(f.where, f.what) for f in found] == [("one", "97% of the users with it or other have both")]
