"""Files for platforms and tags in WeCom hold nobody who said no, is restricted, tired or erased; and say who changed.

The marts stand as tables made by hand, one person a reason; dbt's own tests cover how they are built.
"""

import json
from datetime import date
from hashlib import sha256
from pathlib import Path

import httpx
import psycopg
import pytest

from userops import airflow_runtime, airflow_tasks
from userops.activation.export import export
from userops.activation.formats import FORMATS
from userops.activation.members import CONSENT
from userops.activation.wecom import WeCom
from userops.activation.wecom_tags import tag_audience
from userops.errors import UseropsError
from userops.settings import Settings
from userops.warehouse.connection import connect

DAY = date(2026, 3, 31)
# By name: a number for their phone. Everybody has a phone, an e-mail and a WeCom account.
NUMBERS = {
    "ok": 1, "too": 2, "refused": 3, "restricted": 4, "tired": 5, "gone": 6, "shared": 7, "deleted": 8, "nowhere": 9,
}  # fmt: skip
ALLOWED = {"ok", "too"}

# `refused`, `restricted` and `deleted` are what the build says of their addresses, `tired` what the mart says of the
# user. `gone` and `shared` were erased since: by their contact, and by an identifier that stood with a contact erased.
# `nowhere` has addresses that the vault does not know.
BUILD = """
create table build.int_addresses_reachable as
select
    'wecom:c_' || name as contact_id, 'u_' || name as user_id, medium, kind, 'h_' || kind || '_' || name as address,
    name not in ('refused', 'restricted', 'deleted') as is_reachable
from unnest(%(names)s::text[]) as name
cross join (
    values ('sms', 'phone'), ('email', 'email'), ('wechat', 'external_userid'), ('wechat', 'unionid')
) as media (medium, kind);
create table build.int_friendships_standing as
select 'wecom:' || staff as staff_id, 'wecom:c_' || name as contact_id
from unnest(%(names)s::text[]) as name cross join (values ('ada'), ('bob')) as staff (staff)
where staff = 'ada' or name = 'ok';
"""
MARTS = """
create table marts.audiences as select 'recall' as audience_code, 9::bigint as size;
create table marts.audience_members as
select
    'recall' as audience_code, 'u_' || name as user_id, name = 'tired' as is_tired, name <> 'tired' as may_sms,
    name <> 'tired' as may_email, name <> 'tired' as may_wechat, false as may_app, false as may_weibo
from unnest(%(names)s::text[]) as name;
insert into meta.publications (version, business_date, run_id, slot, load_id) values (7, '2026-03-31', 'r', 0, 0);
update meta.pointer set version = 7, slot = 0;
insert into meta.erased_contacts (contact_id, request_id, load_id) values ('wecom:c_gone', 'r1', 1);
insert into meta.erased_identifiers (kind, hash, request_id)
select kind, 'h_' || kind || '_shared', 'r2' from unnest('{phone,email,external_userid,unionid}'::text[]) as kind;
grant select on all tables in schema marts to bi_reader, publisher;
"""


def values_of(name: str) -> dict[str, str]:
    return {
        "phone": f"+861380013800{NUMBERS[name]}", "email": f"{name}@mail.example", "external_userid": f"wm{name}",
        "unionid": f"o{name}",
    }  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(warehouse_url: str) -> str:
    names = {"names": list(NUMBERS)}
    with connect(warehouse_url, "transformer") as connection:
        for statement in BUILD.split(";\n")[:-1]:
            connection.execute(statement, names)
    with psycopg.connect(warehouse_url) as connection:
        for statement in MARTS.split(";\n")[:-1]:
            connection.execute(statement, names if "%(" in statement else None)
        rows = [
            (kind, value, value, f"h_{kind}_{name}")
            for name in NUMBERS if name != "nowhere"
            for kind, value in values_of(name).items()
        ]  # fmt: skip
        connection.cursor().executemany(
            "insert into vault.identifiers (kind, raw_value, value, hash) values (%s, %s, %s, %s)", rows
        )
    return warehouse_url


@pytest.fixture
def deployment(tmp_path: Path) -> Settings:
    return Settings.load({"USEROPS_HOME": str(tmp_path / "home"), "USEROPS_HASH_KEY": "k" * 64})


def spellings(name: str) -> set[str]:
    """All ways in which a file could give a person away."""
    values = values_of(name)
    plain = {*values.values(), values["phone"][1:], values["phone"][3:], f"u_{name}", f"c_{name}"}
    return plain | {sha256(value.encode()).hexdigest() for value in plain}


def assert_only(files: list[Path], allowed: set[str]) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for name in NUMBERS:
        found = {spelling for spelling in spellings(name) if spelling in text}
        assert bool(found) == (name in allowed), (name, found)


@pytest.mark.parametrize("format", FORMATS)
def test_a_platform_gets_hashes_of_those_who_may_be_contacted_alone(warehouse, deployment, tmp_path, format):
    done = export(deployment, warehouse, "recall", tmp_path / "out", format=format)
    assert (done.rows, done.users, done.members, done.version, done.business_date) == (2, 2, 9, 7, DAY)
    assert (done.entered, done.left) == (None, None)
    assert_only(list((tmp_path / "out").iterdir()), ALLOWED)
    assert "138001" not in Path(done.path).read_text()


@pytest.mark.parametrize("identifiers", [False, True])
def test_our_own_format_too(warehouse, deployment, tmp_path, identifiers):
    done = export(deployment, warehouse, "recall", tmp_path / "out", with_identifiers=identifiers)
    # Without the vault nothing tells that `nowhere` has no value; with it the cell is empty.
    assert done.users == 3 and done.rows == 9
    assert_only([Path(done.path)], ALLOWED | {"nowhere"})


def test_a_manifest_says_what_the_file_is(warehouse, deployment, tmp_path):
    done = export(deployment, warehouse, "recall", tmp_path, format="google", medium="email")
    manifest = json.loads(Path(done.manifest).read_text())
    assert manifest | {"created_at": ""} == {
        "audience": "recall", "format": "google", "medium": "email", "with_identifiers": False,
        "file": "recall.google.email.2026-03-31.csv", "rows": 2, "users": 2, "members": 9, "version": 7,
        "business_date": "2026-03-31", "created_at": "", "left_out": {"email is not in the vault": 1},
        "sha256": sha256(Path(done.path).read_bytes()).hexdigest(), "consent": {"media": ["email"], "rule": CONSENT},
        "entered": None, "left": None, "previous": None,
    }  # fmt: skip
    email = sha256(b"ok@mail.example").hexdigest()
    assert Path(done.path).read_text().splitlines()[:2] == ["Email,Phone", f"{email},"]


def test_the_next_export_says_who_entered_and_who_left(warehouse, deployment, tmp_path):
    first = export(deployment, warehouse, "recall", tmp_path, format="meta")
    with psycopg.connect(warehouse) as connection:
        connection.execute("update build.int_addresses_reachable set is_reachable = user_id <> 'u_ok'"
                           " where user_id in ('u_ok', 'u_refused')")  # fmt: skip
    try:
        second = export(deployment, warehouse, "recall", tmp_path, format="meta")
        assert (second.rows, second.entered, second.left) == (2, 1, 1)
        assert_only([Path(second.path)], {"too", "refused"})
        assert_only([tmp_path / "recall.meta.2026-03-31-2.entered.csv"], {"refused"})
        assert_only([tmp_path / "recall.meta.2026-03-31-2.left.csv"], {"ok"})
        previous = json.loads(Path(second.manifest).read_text())["previous"]
        assert previous["file"] == Path(first.path).name == "recall.meta.2026-03-31.csv"
        # Nobody left since; and the export before the last is gone, with the hash of who said no.
        third = export(deployment, warehouse, "recall", tmp_path, format="meta")
        assert (third.entered, third.left) == (0, 0)
        assert sorted(path.name for path in tmp_path.glob("*.manifest.json")) == [
            "recall.meta.2026-03-31-2.manifest.json", "recall.meta.2026-03-31-3.manifest.json"
        ]  # fmt: skip
        assert not Path(first.path).exists()
    finally:
        with psycopg.connect(warehouse) as connection:
            connection.execute("update build.int_addresses_reachable set is_reachable = user_id = 'u_ok'"
                               " where user_id in ('u_ok', 'u_refused')")  # fmt: skip


def test_a_tag_in_wecom_is_shown_first_and_sent_when_asked_for(warehouse, tmp_path):
    shown = tag_audience(warehouse, "recall", tmp_path, "etTAG")
    assert (shown.to_add, shown.to_remove, shown.applied, shown.users) == (3, 0, False, 2)
    assert_only([Path(shown.path)], ALLOWED)
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            asked.append(json.loads(request.content))
        return httpx.Response(200, json={"errcode": 0, "access_token": "t"})

    client = WeCom("ww1", "s", per_second=1000, transport=httpx.MockTransport(answer))
    sent = tag_audience(warehouse, "recall", tmp_path, "etTAG", client)
    assert sent.applied and sent.refused == 0
    assert asked == [
        {"userid": staff, "external_userid": who, "add_tag": ["etTAG"]}
        for staff, who in (("ada", "wmok"), ("ada", "wmtoo"), ("bob", "wmok"))
    ]
    again = tag_audience(warehouse, "recall", tmp_path, "etTAG", client)
    assert (again.to_add, again.to_remove, len(asked)) == (0, 0, 3)
    assert json.loads(Path(again.manifest).read_text())["applied"] is True


def test_who_may_not_open_the_vault_is_told(warehouse, deployment, tmp_path):
    with psycopg.connect(warehouse, autocommit=True) as admin:
        if admin.info.host.startswith("/"):
            pytest.skip("this server is reached by a socket")
        admin.execute("drop role if exists ad_tool")
        admin.execute("create role ad_tool login password 'x' in role publisher")
        url = f"postgresql://ad_tool:x@{admin.info.host}:{admin.info.port}/{admin.info.dbname}"
    try:
        with pytest.raises(UseropsError, match="may not open the vault"):
            export(deployment, url, "recall", tmp_path, format="google")
        assert not list(tmp_path.glob("*.csv"))
    finally:
        with psycopg.connect(warehouse, autocommit=True) as admin:
            admin.execute("drop role ad_tool")


def test_the_task_of_the_dag_exports_what_the_project_lists(warehouse, tmp_path, monkeypatch):
    listed = "exports: [{audience: recall, format: meta, medium: email}]\n"
    (tmp_path / "activation.yml").write_text(listed, encoding="utf-8")
    given = {
        "USEROPS_PROJECT": tmp_path, "USEROPS_HOME": tmp_path / "home", "USEROPS_DATABASE_URL": warehouse,
        "USEROPS_HASH_KEY": "k" * 64, airflow_runtime.IN_PROCESS: "1",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, str(value))
    (destination,) = airflow_tasks.list_destinations()
    told = json.loads(json.dumps(airflow_tasks.activate(destination)))
    assert (told["rows"], told["business_date"], told["entered"]) == (2, "2026-03-31", None)
    assert Path(told["path"]).parent == tmp_path / "home" / "activation"
    # What Airflow keeps of a task names nobody.
    assert_only([Path(told["path"])], ALLOWED)
    assert not any(spelling in json.dumps(told) for name in NUMBERS for spelling in spellings(name))
