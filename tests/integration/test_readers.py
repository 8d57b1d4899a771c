"""Logins for BI tools: what they may read, and that the questions of the documentation can be asked by one."""

import re
import uuid
from collections.abc import Iterator

import psycopg
import pytest
import yaml

import site_marts
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT
from userops.warehouse.readers import make_reader, reader_url

ASSETS = PROJECT_ROOT / "deploy" / "superset" / "assets"
DATASETS = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ASSETS.glob("datasets/*/*.yaml"))]
PAGE = PROJECT_ROOT / "docs" / "how-to" / "connect-a-bi-tool.md"
PASSWORD = "one/ p@ss"
QUESTIONS = re.findall(r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def login(warehouse_url: str) -> Iterator[str]:
    """The name of a login over marts with rows; roles are the server's, so it has a name of its own."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(warehouse_url, autocommit=True) as admin:
        site_marts.create(admin)
        site_marts.fill(admin)
        make_reader(warehouse_url, name, PASSWORD)
        yield name
        admin.execute(f"drop owned by {name}; drop role {name}")


@pytest.mark.parametrize("question", QUESTIONS, ids=range(1, len(QUESTIONS) + 1))
def test_the_questions_of_the_documentation_have_answers(warehouse_url: str, login: str, question: str) -> None:
    with psycopg.connect(reader_url(warehouse_url, login, PASSWORD)) as connection:
        assert connection.execute(question).fetchall()


@pytest.mark.parametrize("dataset", DATASETS, ids=[dataset["table_name"] for dataset in DATASETS])
def test_the_metrics_of_superset_can_be_computed(warehouse_url: str, login: str, dataset: dict) -> None:
    """By each column that Superset itself makes; `make test-bi` asks what the charts ask."""
    made = [column["expression"] for column in dataset["columns"] if column.get("expression")]
    asked = ", ".join([*made, *(metric["expression"] for metric in dataset["metrics"])])
    groups = f" group by {', '.join(str(n + 1) for n in range(len(made)))}" if made else ""
    with psycopg.connect(reader_url(warehouse_url, login, PASSWORD)) as connection:
        rows = connection.execute(f"select {asked} from marts.{dataset['table_name']}{groups}").fetchall()
    assert rows and None not in rows[0]


def test_there_are_three_questions() -> None:
    assert len(QUESTIONS) == 3


@pytest.mark.parametrize("statement", ["select from meta.runs", "delete from marts.users", "create table marts.a ()"])
def test_a_reader_may_do_nothing_else(warehouse_url: str, login: str, statement: str) -> None:
    with (
        psycopg.connect(reader_url(warehouse_url, login, PASSWORD)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_password_of_a_reader_is_changed(warehouse_url: str, login: str) -> None:
    def stored() -> str:
        with psycopg.connect(warehouse_url) as admin:
            return admin.execute("select rolpassword from pg_authid where rolname = %s", [login]).fetchone()[0]

    before = stored()
    make_reader(warehouse_url, login, "another")
    assert stored() != before
    make_reader(warehouse_url, login, PASSWORD)


@pytest.mark.parametrize("name", ["publisher", "bi_reader", "the_owner"])
def test_a_role_that_is_for_something_else_is_left_alone(warehouse_url: str, name: str) -> None:
    with psycopg.connect(warehouse_url) as admin:
        owner = admin.execute("select current_user").fetchone()[0]
    with pytest.raises(UseropsError, match="is there already"):
        make_reader(warehouse_url, owner if name == "the_owner" else name, "x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://userops:old@h:5433/userops?sslmode=require", "postgresql://bi:p%40s@h:5433/userops?sslmode=require"),
        ("postgresql:///userops?host=/run/pg", "postgresql://bi:p%40s@/userops?host=/run/pg"),
    ],
)
def test_the_url_of_a_reader(url: str, expected: str) -> None:
    assert reader_url(url, "bi", "p@s") == expected
    assert reader_url(url, "bi") == expected.replace(":p%40s", "")
