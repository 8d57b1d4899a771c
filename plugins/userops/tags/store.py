"""Put the catalogue where dbt compiles its statements from: `python -m userops.tags.store URL` for the warehouse."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
from psycopg import sql

from userops.settings import PROJECT_ROOT
from userops.tags.catalog import Catalog, load_catalog
from userops.tags.expressions import Node
from userops.tags.numbers import exact_type
from userops.tags.rendering import features_of, to_sql, to_words
from userops.warehouse.connection import connect

# Columns of the config tables; what is no text is named here.
COLUMNS = {
    "config_scenarios": ("scenario", "scenario_zh", "meaning", "eligible", "outcome", "eligible_sql", "outcome_sql"),
    "config_tags": (
        "tag_code", "tag_name", "tag_name_zh", "category", "category_zh", "scenario", "owner", "decision", "rule",
        "value_rule", "score_rule", "validity_days", "rule_words", "features", "rule_sql", "value_sql", "score_sql",
    ),
    "config_audiences": (
        "audience_code", "audience_name", "audience_name_zh", "scenario", "owner", "decision", "rule", "rule_words",
        "rule_sql",
    ),
}  # fmt: skip
TYPES = {"validity_days": pa.int32()}


def write_catalog(url: str, root: Path = PROJECT_ROOT) -> Catalog:
    """Replace the three config tables of the warehouse by what the files declare, in one transaction."""
    catalog = load_catalog(root)
    with connect(url, "transformer") as connection:
        for name, table in tables(catalog).items():
            _replace(connection, name, table)
    return catalog


def tables(catalog: Catalog) -> dict[str, pa.Table]:
    """The config tables by name, for whichever engine compiles them."""
    rows = {
        "config_scenarios": _scenarios(catalog),
        "config_tags": _tags(catalog),
        "config_audiences": _audiences(catalog),
    }
    return {name: pa.Table.from_pylist(list(rows[name]), _schema(name)) for name in COLUMNS}


def _schema(name: str) -> pa.Schema:
    return pa.schema([(column, TYPES.get(column, pa.string())) for column in COLUMNS[name]])


def _replace(connection: psycopg.Connection, name: str, table: pa.Table) -> None:
    relation = sql.Identifier("build", name)
    columns = sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    connection.execute(sql.SQL("delete from {}").format(relation))
    with connection.cursor().copy(sql.SQL("copy {} ({}) from stdin").format(relation, columns)) as copy:
        for row in table.to_pylist():
            copy.write_row(list(row.values()))


def _types(catalog: Catalog) -> dict[str, str]:
    return {name: feature.data_type for name, feature in catalog.features.items()}


def _value_sql(value: Node | None, types: dict[str, str]) -> str | None:
    """The value of a tag; a double as a decimal, whose text is the same on every engine."""
    if value is None or value.type != "number" or exact_type(value, types):
        return to_sql(value, types) if value else None
    return f"cast(round(cast({to_sql(value, types)} as decimal(28, 10)), 6) as decimal(18, 6))"


def _scenarios(catalog: Catalog) -> Iterator[dict[str, object]]:
    types = _types(catalog)
    for scenario in catalog.scenarios.values():
        yield {
            "scenario": scenario.name,
            "scenario_zh": scenario.name_zh,
            "meaning": scenario.meaning,
            "eligible": scenario.eligible_text,
            "outcome": scenario.outcome_text,
            "eligible_sql": to_sql(scenario.eligible, types),
            "outcome_sql": to_sql(scenario.outcome, types),
        }


def _tags(catalog: Catalog) -> Iterator[dict[str, object]]:
    types = _types(catalog)
    labels = {name: feature.label for name, feature in catalog.features.items()}
    for tag in catalog.tags.values():
        read = [node for node in (tag.rule, tag.value, tag.score) if node is not None]
        yield {
            "tag_code": tag.code,
            "tag_name": tag.name,
            "tag_name_zh": tag.name_zh,
            "category": tag.category,
            "category_zh": catalog.categories[tag.category],
            "scenario": tag.scenario,
            "owner": tag.owner,
            "decision": tag.decision,
            "rule": tag.rule_text,
            "value_rule": tag.value_text,
            "score_rule": tag.score_text,
            "validity_days": tag.validity_days,
            "rule_words": to_words(tag.rule, labels),
            "features": ", ".join(dict.fromkeys(name for node in read for name in features_of(node))),
            "rule_sql": to_sql(tag.borne, types),
            "value_sql": _value_sql(tag.value, types),
            "score_sql": to_sql(tag.score, types),
        }


def _audiences(catalog: Catalog) -> Iterator[dict[str, object]]:
    types = _types(catalog)
    labels = {name: feature.label for name, feature in catalog.features.items()}
    names = {code: tag.name for code, tag in catalog.tags.items()}
    rules = {code: tag.borne for code, tag in catalog.tags.items()}
    for audience in catalog.audiences.values():
        yield {
            "audience_code": audience.code,
            "audience_name": audience.name,
            "audience_name_zh": audience.name_zh,
            "scenario": audience.scenario,
            "owner": audience.owner,
            "decision": audience.decision,
            "rule": audience.rule_text,
            "rule_words": to_words(audience.rule, labels, names),
            "rule_sql": to_sql(audience.rule, types, rules),
        }


if __name__ == "__main__":
    write_catalog(sys.argv[1])
