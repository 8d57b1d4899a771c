"""The house rules: rooms know what is below them, without circles; files and functions stay small."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from userops.settings import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "plugins" / "userops"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_MODEL = 400, 40, 100
# From the top of the house down; a room knows rooms of lower floors, and of its own floor where that makes no circle.
FLOORS = (
    ("cli",),
    ("airflow_tasks", "airflow_gate"),
    ("airflow_runtime",),
    ("run",),
    ("steps",),
    ("ingest", "engines", "transform", "scoring", "gate", "publish", "privacy", "alerts", "site", "tags",
     "activation", "simulate"),
    ("lake", "platforms"),
    ("contracts",),
    ("warehouse", "algorithms"),
    ("yaml_files", "settings", "errors", "checks", "gc_tuning", "machine"),
)
EDGES = {"cli/edge.py", "airflow_runtime.py", "cli/demo.py", "warehouse/migrations/env.py"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports, at its top or inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "userops":
                yield from (f"userops.{name.name}" for name in node.names)


def rooms_known() -> dict[str, set[str]]:
    known: dict[str, set[str]] = {}
    for path in FILES:
        found = {module.split(".")[1] for module in imports_of(path) if module.startswith("userops.")}
        known.setdefault(room_of(path), set()).update(found - {room_of(path)})
    return known


def test_every_room_has_a_floor():
    assert set(rooms_known()) - {"__init__"} == {room for floor in FLOORS for room in floor}


def test_rooms_know_what_is_below_them():
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    known = [(room, other) for room, others in rooms_known().items() for other in others]
    assert [(room, other) for room, other in known if floor[other] < floor[room]] == []


def test_there_is_no_circle_between_rooms():
    list(TopologicalSorter(rooms_known()).static_order())


@pytest.mark.parametrize(
    ("room", "known"), [("warehouse", {"settings", "errors", "checks", "machine"}), ("algorithms", set())]
)
def test_a_room_that_knows_little(room, known):
    assert rooms_known()[room] <= known


def test_airflow_is_imported_at_the_edge_alone():
    users = {path.relative_to(PACKAGE).as_posix() for path in FILES if any(
        module.split(".")[0] == "airflow" for module in imports_of(path)
    )}  # fmt: skip
    assert users == {"airflow_runtime.py", "airflow_tasks.py", "airflow_gate.py"}


def test_dbt_is_imported_by_transform_alone():
    assert {room_of(path) for path in FILES if any(m.split(".")[0] == "dbt" for m in imports_of(path))} == {"transform"}


def test_settings_are_loaded_at_the_edge_alone():
    loading = {path.relative_to(PACKAGE).as_posix() for path in FILES if "Settings.load(" in path.read_text()}
    assert loading <= EDGES


def test_files_and_functions_are_small():
    long = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(PACKAGE).as_posix()
        if len(text.splitlines()) > LONGEST_FILE:
            long.append(name)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{name}:{node.name} ({lines})")
    assert long == []


def test_models_are_small():
    models = sorted((PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql"))
    long = [path.name for path in models if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODEL]
    assert models and long == []
