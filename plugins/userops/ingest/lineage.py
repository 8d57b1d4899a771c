"""Which of a file's columns the ids and identifiers of an export are made of, by the names in a layout's SQL."""

from functools import lru_cache

import sqlglot
from sqlglot import exp

from userops.contracts.model import Contract
from userops.platforms.layout import Layout


def sources_of(layout: Layout, contract: Contract) -> tuple[dict[str, str], set[str]]:
    """Staging columns of ids with the id that each goes into, and staging columns of phones and other identifiers.

    What identifies people may be hashed into an id: it stands among the latter alone.
    """
    select, computed = layout.exports[contract.name].select, tuple(layout.compute.items())
    staging = set(layout.columns)
    personal: set[str] = set()
    for column in contract.identifiers:
        personal |= _behind(select, computed, column.name) & staging
    ids: dict[str, str] = {}
    for column in contract.columns:
        if column.id_of:
            for name in sorted((_behind(select, computed, column.name) & staging) - personal):
                ids.setdefault(name, column.name)
    return ids, personal


@lru_cache(maxsize=512)
def _behind(select: str, computed: tuple[tuple[str, str], ...], name: str) -> frozenset[str]:
    """All names that stand behind a name: what it is an alias of, and so on."""
    made_of = _made_of(select, computed)
    found, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += made_of.get(one, ())
    return frozenset(found)


@lru_cache(maxsize=128)
def _made_of(select: str, computed: tuple[tuple[str, str], ...]) -> dict[str, set[str]]:
    try:
        trees = {name: sqlglot.parse_one(text, read="duckdb") for name, text in computed}
        whole = sqlglot.parse_one(select, read="duckdb")
    except sqlglot.errors.SqlglotError:
        # DuckDB will say what is wrong with it.
        return {}
    made = {name: {column.name for column in tree.find_all(exp.Column)} for name, tree in trees.items()}
    for alias in whole.find_all(exp.Alias):
        made.setdefault(alias.alias, set()).update(column.name for column in alias.find_all(exp.Column))
    return made
