"""Every mart with its columns and definitions, from the dbt models; what they leave out, from database comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import yaml

from userops.site.pages import LOADER

MENTIONED = re.compile(r"\bmarts\.(\w+)")
REFERENCE = re.compile(r"ref\(\s*['\"](\w+)['\"]\s*\)")
QUOTED = re.compile(r"['\"](\w+)['\"]")
COMMENTS = """
select
    relation.relname as mart,
    coalesce(obj_description(relation.oid), '') as description,
    attribute.attname as name,
    format_type(attribute.atttypid, attribute.atttypmod) as type,
    coalesce(col_description(relation.oid, attribute.attnum), '') as definition
from pg_class as relation
inner join pg_attribute as attribute on relation.oid = attribute.attrelid
where relation.relnamespace = to_regnamespace('marts') and relation.relkind in ('r', 'v', 'm') and attribute.attnum > 0
    and not attribute.attisdropped
order by relation.relname, attribute.attnum
"""


@dataclass(frozen=True)
class Field:
    """A column of a mart."""

    name: str
    type: str
    definition: str


@dataclass(frozen=True)
class Mart:
    """A mart: what one row is, who owns it, its columns and the SQL that makes it."""

    name: str
    group: str
    description: str
    owner: str = ""
    key: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    sql: str = ""
    delivered: bool = False
    exports: tuple[str, ...] = field(default=())


def read_dictionary(connection: psycopg.Connection, models: Path, exports: set[str]) -> list[Mart]:
    """All marts by group and name: those that dbt models declare, and those that stand in the schema beside them."""
    declared = {mart.name: mart for mart in _declared(models, exports)}
    delivered = _delivered(connection)
    marts = [_merged(declared.get(name), delivered.get(name)) for name in declared | delivered]
    return sorted(marts, key=lambda mart: (mart.group, mart.name))


def mentioned(sql: str) -> list[str]:
    """The marts that a query reads, in their order."""
    return list(dict.fromkeys(MENTIONED.findall(sql)))


def _declared(models: Path, exports: set[str]) -> Iterator[Mart]:
    parents, read = _parents(models, exports)
    for path in sorted((models / "marts").rglob("*.yml")):
        for model in (yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}).get("models", []):
            meta = model.get("config", {}).get("meta", {})
            columns = model.get("columns", [])
            sql = path.parent / f"{model['name']}.sql"
            yield Mart(
                name=model["name"],
                group=path.parent.name,
                description=" ".join(model.get("description", "").split()),
                owner=meta.get("owner", ""),
                key=tuple(meta.get("key", ())),
                fields=tuple(
                    Field(c["name"], c.get("data_type", ""), " ".join(c.get("description", "").split()))
                    for c in columns
                ),
                sql=sql.read_text(encoding="utf-8").strip() if sql.exists() else "",
                exports=tuple(sorted(_exports(model["name"], parents, read, set()))),
            )


def _parents(models: Path, exports: set[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """For each model the models that it refers to, and for each staging model the exports that it names."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(models.rglob("*.sql"))}
    parents = {path.stem: set(REFERENCE.findall(text)) for path, text in texts.items()}
    staging = models / "staging"
    read = {p.stem: exports & set(QUOTED.findall(text)) for p, text in texts.items() if staging in p.parents}
    return parents, read


def _exports(name: str, parents: dict, read: dict, seen: set[str]) -> set[str]:
    """The exports that a model is made of, through all models between."""
    if name in seen:
        return set()
    seen.add(name)
    found = set(read.get(name, ()))
    for parent in parents.get(name, ()):
        found |= _exports(parent, parents, read, seen)
    return found


def _delivered(connection: psycopg.Connection) -> dict[str, Mart]:
    marts: dict[str, Mart] = {}
    for name, description, column, kind, definition in connection.execute(COMMENTS).fetchall():
        mart = marts.setdefault(name, Mart(name, "quality", description, delivered=True))
        marts[name] = replace(mart, fields=(*mart.fields, Field(column, kind, definition)))
    return marts


def _merged(declared: Mart | None, delivered: Mart | None) -> Mart:
    """The dbt model's words; a column that only the warehouse has keeps its comment."""
    if declared is None:
        return delivered
    if delivered is None:
        return declared
    known = {column.name for column in declared.fields}
    more = tuple(column for column in delivered.fields if column.name not in known)
    return replace(declared, fields=(*declared.fields, *more), delivered=True)
