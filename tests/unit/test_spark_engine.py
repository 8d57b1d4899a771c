"""The spark engine's side of this process: files, their catalogue, the program that it starts. No Spark is needed."""

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from userops.contracts.model import load_contracts
from userops.engines.spark import SparkEngine
from userops.errors import UseropsError
from userops.lake import LakeFile, arrow_schema
from userops.settings import Settings
from userops.transform import elsewhere, spark_worker

ROWS = pa.table({
    "name": ["a", None],
    "day": [date(2024, 3, 1), None],
    "at": pa.array([datetime(2024, 3, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
    "net": pa.array([Decimal("1.50"), None], pa.decimal128(18, 2)),
    "is_new": [True, None],
})  # fmt: skip
COLUMNS = "`name` string, `day` date, `at` timestamp, `net` decimal(18,2), `is_new` boolean"


@pytest.fixture
def engine(tmp_path: Path) -> SparkEngine:
    given = {"USEROPS_HOME": str(tmp_path), "USEROPS_SPARK_VENV": str(tmp_path / "venv"), "USEROPS_ENGINE": "spark"}
    settings = Settings.load(given | {"USEROPS_MEMORY_LIMIT": "1.5GB", "USEROPS_THREADS": "3"})
    engine = SparkEngine(settings, "", None)
    engine.root.mkdir()
    return engine


def entry(engine: SparkEngine, relation: str) -> dict[str, str]:
    return json.loads(engine.catalog.read_text())[relation]


def test_what_is_written_is_read_and_known_to_spark(engine):
    engine.write("build.users", ROWS)
    assert engine.read("build.users").read_all().equals(ROWS)
    assert engine.read("build.users", ["net"]).read_all().column_names == ["net"]
    assert entry(engine, "build.users") == {"columns": COLUMNS, "location": str(engine.root / "build" / "users")}


def test_a_relation_is_replaced(engine):
    engine.write("build.users", ROWS)
    engine.write("build.users", ROWS.slice(0, 1).to_reader())
    assert engine.read("build.users").read_all().num_rows == 1


def test_a_relation_that_was_not_built_is_named(engine):
    with pytest.raises(UseropsError, match=r"no relation build\.users"):
        engine.read("build.users")


def test_an_export_is_exactly_its_files(engine):
    schema = arrow_schema(load_contracts()["orders"])
    files = [
        LakeFile(n, "orders", date(2024, 3, n), f"raw/orders/{n}-1.parquet", f"/lake/raw/orders/{n}-1.parquet")
        for n in (1, 2)
    ]
    engine._open_export("orders", schema, files)
    assert entry(engine, "raw.orders")["location"] == "/lake/raw/orders/{1-1.parquet,2-1.parquet}"
    assert "`_load_id` bigint" in entry(engine, "raw.orders")["columns"]


def test_an_export_without_files_is_an_empty_table(engine):
    schema = arrow_schema(load_contracts()["orders"])
    engine._open_export("orders", schema, [])
    assert engine.read("raw.orders").read_all().equals(schema.empty_table())


def test_without_its_environment_the_engine_says_how_to_make_it(engine):
    with pytest.raises(UseropsError, match="make spark"):
        engine.dbt_command()


def test_the_session_is_configured_by_a_file(engine):
    python = engine.settings.spark_venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    command = engine.dbt_command()
    conf = json.loads(Path(command[-1]).read_text())["conf"]
    assert command[0] == str(python)
    assert (conf["spark.master"], conf["spark.driver.memory"]) == ("local[*]", "1536m")
    assert conf["spark.sql.session.timeZone"] == "UTC"


def test_a_session_knows_what_its_models_read_and_no_other_model():
    """Models read by views that are read, too; and whatever is no model, for macros."""
    def node(name: str, *parents: str) -> SimpleNamespace:
        return SimpleNamespace(resource_type="test" if name.startswith("test") else "model", schema="build", alias=name,
                               depends_on=SimpleNamespace(nodes=list(parents)))  # fmt: skip

    nodes = {n.alias: n for n in (
        node("far"), node("under"), node("view", "under"), node("table", "far"), node("users", "view", "raw.orders"),
        node("test_users", "users", "table"),
    )}  # fmt: skip
    catalog = {f"build.{name}": {"location": ""} for name in ("far", "under", "table", "config_tags")}
    catalog |= {"build.view": {"statement": ""}, "raw.orders": {"location": ""}}
    known = spark_worker.wanted(catalog, SimpleNamespace(nodes=nodes), ["users", "test_users"])
    assert known.keys() == catalog.keys() - {"build.far"}


def program(tmp_path: Path, text: str) -> list[str]:
    """A program that does as dbt would."""
    path = tmp_path / "program.py"
    path.write_text(f"import json, pathlib, sys\nhere = pathlib.Path({str(tmp_path)!r})\n{text}")
    return [sys.executable, str(path)]


def test_results_of_a_program_are_shaped_as_dbts_own(tmp_path):
    command = program(tmp_path, """
node = {"name": sys.argv[1], "resource_type": "model", "config": {"severity": "warn"}}
(here / "manifest.json").write_text(json.dumps({"nodes": {"model.a": node}, "unit_tests": {}}))
results = [{"unique_id": "model.a", "status": "error", "message": "m"}, {"unique_id": "operation.b"}]
(here / "run_results.json").write_text(json.dumps({"results": results}))
""")
    (result,) = elsewhere.run(command, ["users"], tmp_path)
    assert (result.status, result.message, result.node.name) == ("error", "m", "users")
    assert result.node.config.severity == "warn"


def test_a_program_that_fails_says_what_it_said(tmp_path):
    (tmp_path / "run_results.json").write_text("that of an earlier run")
    with pytest.raises(UseropsError, match="dbt did not run: no cluster"):
        elsewhere.run(program(tmp_path, 'print("no cluster")\nsys.exit(2)'), [], tmp_path)
    assert not (tmp_path / "run_results.json").exists()
