"""The raw gate of one night after another, with nothing done twice: hundreds of nights in minutes.

All nights of a business are loaded once. The measures are compiled by dbt once and run in DuckDB over the rows and
profiles of the nights up to the one that is judged. A changed night is loaded as any file is, judged in the place of
the clean one, and forgotten. Verdicts are those of the suites; `test_unnamed_faults` holds them against whole runs.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from clean_nights import Business

from measuring import verdicts
from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.engines import warehouse_copy
from userops.engines.base import META_RELATIONS
from userops.engines.duckdb import SCHEMAS
from userops.gate import inputs
from userops.gate.results import merged
from userops.ingest import load_export
from userops.ingest.delivery import check_delivery
from userops.ingest.landing import list_folder
from userops.lake import Lake
from userops.lake.schema import select_files
from userops.lake.sql import listed, literal
from userops.settings import Settings
from userops.transform import dbt, profiles
from userops.warehouse.connection import connect

# The date for which dbt compiles: every night puts its own in the place of it.
ANY_DAY = date(1999, 9, 19)
OF_LOADS = ("meta.load_files", "meta.column_profiles")
NIGHT = "state = 'loaded' and business_date = %(day)s and export = any(%(exports)s)"


@dataclass(frozen=True)
class Model:
    """A model of the dbt project for ANY_DAY; the exports whose rows or loads it reads, the models it is built from."""

    relation: str
    kind: str
    text: str
    reads: frozenset[str]
    needs: frozenset[str]


class QuickGate:
    """The raw gate of a business whose nights are all loaded."""

    def __init__(self, made: Business, settings: Settings) -> None:
        self.made, self.settings = made, settings
        with connect(made.url, "transformer") as connection:
            required = [name for name, contract in load_contracts().items() if contract.required]
            inputs.write(connection, load_contracts(), required, None, None)
        self.database = duckdb.connect(config={"threads": "2"})
        self.database.execute("set timezone = 'UTC'")
        self._copy()
        self.models = compiled(settings, made.home / "compiled")
        # The night that the measures are of, and which of its exports were changed.
        self.day, self.changed = ANY_DAY, set()
        self.suites = suites(settings)

    def _copy(self) -> None:
        """Rows of the lake and tables of `meta`, as they are with every night loaded."""
        for schema in (*SCHEMAS, "every"):
            self.database.execute(f"create schema {schema}")
        with connect(self.made.url, "transformer") as connection:
            files = Lake(self.settings.lake).files_as_of(connection, date.max)
            for export, contract in load_contracts().items():
                rows = select_files(contract, [file.url for file in files.get(export, [])])
                self.database.execute(f"create table every.{export} as {rows}")
            for relation in dict.fromkeys(META_RELATIONS):
                if not relation.startswith("meta."):
                    continue
                name = relation.replace("meta.", "every.") if relation in OF_LOADS else relation
                self.database.register("incoming", warehouse_copy.read(self.made.url, connection, relation))
                self.database.execute(f"create table {name} as select * from incoming")
                self.database.unregister("incoming")

    def judge(
        self, day: date, results: list[CheckResult] | None = None, replaced: dict[str, list[str]] | None = None,
        since: int = 0, measure: str = "", **history: str,
    ) -> list[CheckResult]:
        """The answers of a night, those of its ingest in front; with `measure` those about it alone.

        `replaced` are the exports whose files of the night are others than the clean ones, with their new files;
        loads above `since` belong to them. `history` gives other rows of all nights, by export.
        """
        replaced = replaced or {}
        self._show(day, replaced, since, history)
        changed = {*replaced, *history}
        wanted = {f"quality.{measure}"} if measure else {f"quality.{each}" for each in self.suites}
        wanted = set().union(*(model.needs for model in self.models if model.relation in wanted))
        for model in (each for each in self.models if each.relation in wanted):
            # A night without another fault than the last one has answers that only the changed exports can alter.
            if day != self.day or model.reads & (changed | self.changed):
                text = model.text.replace(str(ANY_DAY), str(day))
                self.database.execute(f"create or replace {model.kind} {model.relation} as {text}")
        self.day, self.changed = ANY_DAY if measure else day, changed
        found: list[CheckResult] = []
        for definition in [measure] if measure else self.suites:
            cursor = self.database.execute(f"select * from quality.{definition}")
            names = [column[0] for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            found += verdicts(definition, self.suites[definition], rows)
        return [*(results or ()), *merged(found)]

    def _show(self, day: date, replaced: dict[str, list[str]], since: int, history: dict[str, str]) -> None:
        """What models read: the nights up to `day`."""
        own = self._loads(since) if replaced else {}
        loads = "select load_id from every.load_files where export in"
        of_others = f"load_id not in ({loads} ({listed([literal(export) for export in replaced])}))"
        for relation in OF_LOADS:
            text = f"select * from {relation.replace('meta.', 'every.')} as stored"
            if relation in own:
                self.database.register("incoming", own[relation])
                self.database.execute("create or replace table every.of_night as select * from incoming")
                if relation == "meta.load_files":
                    text += f" where {of_others} or business_date <> {literal(str(day))}"
                else:
                    # Columns are compared with their own past: of other exports the rows of parts are enough.
                    text += f" where {of_others} and figure in ('rows', 'value', 'filled', 'empty')"
                    text += f" or not {of_others} and load_id not in (select load_id from every.load_files"
                    text += f" where business_date = {literal(str(day))})"
                text += " union all by name select * from every.of_night"
            self.database.execute(f"create or replace table {relation} as {text}")
        for export, contract in load_contracts().items():
            until = "<" if export in replaced else "<="
            rows = history.get(export, f"select * from every.{export}")
            text = f"select * from ({rows}) where _business_date {until} {literal(str(day))}"
            if replaced.get(export):
                text += f" union all by name {select_files(contract, replaced[export])}"
            self.database.execute(f"create or replace view raw.{export} as {text}")
        self.database.execute("update meta.published set since = ?", [day - timedelta(days=1)])

    def _loads(self, since: int) -> dict[str, pa.Table]:
        found = {}
        with psycopg.connect(self.made.url) as admin:
            for relation in OF_LOADS:
                names = [row[0] for row in self.database.execute(
                    f"select column_name from (describe {relation.replace('meta.', 'every.')})"
                ).fetchall()]
                rows = admin.execute(f"select {listed(names)} from {relation} where load_id > %s", [since]).fetchall()
                found[relation] = pa.table({n: [row[k] for row in rows] for k, n in enumerate(names)})
        return found

    def attempt(self, day: date, folder: Path, change: Callable[[Path], None], **history: str) -> (
        list[CheckResult]
    ):
        """Change the files of a night in `folder`, load those that are others, judge the night and forget it."""
        clean, landing = self.made.folder(day), folder / "landing"
        changed = landing / day.isoformat()
        shutil.copytree(clean, changed)
        change(changed)
        settings = self.settings.model_copy(update={"landing": str(landing)})
        exports = self._others(day, clean, changed)
        with self._without(day, exports) as since, connect(self.made.url, "loader") as connection:
            found = check_delivery(list_folder(settings, day), settings, day)
            for export in exports:
                if any(changed.glob(f"{export}.*")):
                    found += load_export(connection, settings, export, day, "night")
            files = Lake(settings.lake).files_as_of(connection, day)
            replaced = {e: [file.url for file in files.get(e, []) if file.load_id > since] for e in exports}
            answers = self.judge(day, found, replaced, since, **history)
        shutil.rmtree(landing)
        return answers

    def _others(self, day: date, clean: Path, changed: Path) -> list[str]:
        """The exports whose files of a night are others than those that are loaded."""
        loaded = {row[0] for row in self.database.execute(
            "select export from every.load_files where state = 'loaded' and business_date = ?", [day]
        ).fetchall()}
        return [
            export for export in load_contracts()
            if export not in loaded
            or {p.name: p.read_bytes() for p in clean.glob(f"{export}.*")}
            != {p.name: p.read_bytes() for p in changed.glob(f"{export}.*")}
        ]

    @contextmanager
    def _without(self, day: date, exports: list[str]) -> Iterator[int]:
        """The night's files of some exports are not loaded while the block lasts; yields the last load before."""
        with psycopg.connect(self.made.url, autocommit=True) as admin:
            clean = [row[0] for row in admin.execute(
                f"select load_id from meta.load_files where {NIGHT}", {"day": day, "exports": exports}
            )]
            since = admin.execute("select max(load_id) from meta.load_files").fetchone()[0]
            admin.execute("update meta.load_files set state = 'replaced' where load_id = any(%s)", [clean])
            try:
                yield since
            finally:
                for table in ("quarantine.rows", "vault.personal_texts", "meta.column_profiles", "meta.load_files"):
                    admin.execute(f"delete from {table} where load_id > %s", [since])
                admin.execute("update meta.load_files set state = 'loaded' where load_id = any(%s)", [clean])


def compiled(settings: Settings, folder: Path) -> list[Model]:
    """The measures of raw and what they read, in the order in which they are built."""
    path = folder / "models.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    profiles.write(settings, {"type": "duckdb", "path": str(path), "schema": "build", "threads": 1})
    words = {"business_date": str(ANY_DAY), "timezone": settings.timezone, "currency": settings.currency}
    done = dbt._invoke(settings, ["compile", "--select", "+path:models/quality/raw", "--vars", json.dumps(words)])
    assert done.success, done.exception
    manifest = json.loads((dbt.target_path(settings) / "manifest.json").read_text())
    nodes = {key: node for key, node in manifest["nodes"].items()
             if node["resource_type"] == "model" and node.get("compiled_code")}
    found: dict[str, Model] = {}
    while len(found) < len(nodes):
        for key, node in nodes.items():
            needed = node["depends_on"]["nodes"]
            if key not in found and all(name in found for name in needed if name in nodes):
                found[key] = _model(node, manifest["sources"], [found[name] for name in needed if name in nodes])
    return list(found.values())


def _model(node: dict[str, Any], sources: dict[str, Any], needed: list[Model]) -> Model:
    own = [sources[name] for name in node["depends_on"]["nodes"] if name in sources]
    reads = {source["name"] for source in own if source["source_name"] == "raw"}
    if any(f"meta.{source['name']}" in OF_LOADS for source in own):
        reads |= set(load_contracts())
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    # DuckDB calls a database by its file.
    text = node["compiled_code"].replace('"models".', "")
    relation = f"{node['schema']}.{node['alias']}"
    needs = frozenset({relation}.union(*(model.needs for model in needed)))
    return Model(relation, kind, text, frozenset(reads.union(*(model.reads for model in needed))), needs)


def suites(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The expectations on each measure of raw."""
    place = settings.project_root / "expectations"
    checkpoint = json.loads((place / "checkpoints/raw.json").read_text())
    names = [definition["name"] for definition in checkpoint["validation_definitions"]]
    return {name: json.loads((place / f"suites/{name}.json").read_text())["expectations"] for name in names}
