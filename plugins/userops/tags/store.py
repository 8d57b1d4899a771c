"""Put the catalogue where dbt compiles its statements from: `python -m userops.tags.store URL`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from userops.settings import PROJECT_ROOT
from userops.tags.catalog import Catalog, load_catalog
from userops.tags.rendering import features_of, to_sql, to_words
from userops.warehouse.connection import connect


def write_catalog(url: str, root: Path = PROJECT_ROOT) -> Catalog:
    """Replace the three config tables by what the files declare, in one transaction; returns the catalogue."""
    catalog = load_catalog(root)
    with connect(url, "transformer") as connection:
        for table, rows in tables_of(catalog).items():
            _replace(connection, table, list(rows))
    return catalog


def tables_of(catalog: Catalog) -> dict[str, Iterator[dict[str, object]]]:
    """Rows by config table, columns by name."""
    return {
        "config_scenarios": _scenarios(catalog),
        "config_tags": _tags(catalog),
        "config_audiences": _audiences(catalog),
    }


def _replace(connection: psycopg.Connection, table: str, rows: list[dict[str, object]]) -> None:
    name = sql.Identifier("build", table)
    connection.execute(sql.SQL("delete from {}").format(name))
    for row in rows:
        connection.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                name,
                sql.SQL(", ").join(map(sql.Identifier, row)),
                sql.SQL(", ").join(sql.Placeholder() * len(row)),
            ),
            list(row.values()),
        )


def _scenarios(catalog: Catalog) -> Iterator[dict[str, object]]:
    for scenario in catalog.scenarios.values():
        yield {
            "scenario": scenario.name,
            "scenario_zh": scenario.name_zh,
            "meaning": scenario.meaning,
            "eligible": scenario.eligible_text,
            "outcome": scenario.outcome_text,
            "eligible_sql": to_sql(scenario.eligible),
            "outcome_sql": to_sql(scenario.outcome),
        }


def _tags(catalog: Catalog) -> Iterator[dict[str, object]]:
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
            "rule_sql": to_sql(tag.rule),
            "value_sql": to_sql(tag.value) if tag.value else None,
            "score_sql": to_sql(tag.score),
        }


def _audiences(catalog: Catalog) -> Iterator[dict[str, object]]:
    labels = {name: feature.label for name, feature in catalog.features.items()}
    names = {code: tag.name for code, tag in catalog.tags.items()}
    rules = {code: tag.rule for code, tag in catalog.tags.items()}
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
            "rule_sql": to_sql(audience.rule, rules),
        }


if __name__ == "__main__":
    write_catalog(sys.argv[1])
