"""Values that stand for a person: planted in every personal field of a delivery, looked for wherever a night writes."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from userops.contracts.model import Column, load_contracts

# Where personal data belongs: the vault, and the texts of rows set aside. The loader alone reads them: tests of rights
# say so.
RESTRICTED = {"quarantine.rows": ["raw_text"]}


def personal() -> list[tuple[str, Column]]:
    """Every personal field of every export."""
    return [(c.name, column) for c in load_contracts().values() for column in c.columns if column.personal]


def canary(export: str, column: Column, mark: str) -> str:
    """A value no simulation makes; shaped as its kind asks."""
    number = zlib.crc32(f"{mark} {export}.{column.name}".encode()) % 10**7
    shapes = {"phone": f"1997{number:07}", "email": f"canary{number:07}@mail.example"}
    return shapes.get(column.identifier or "", f"canary-{column.name}-{number:07}")


def needle(value: str) -> str:
    """What of a value must not be found, whatever is put before or behind it."""
    return value.partition("@")[0]


def plant(folder: Path, mark: str, broken: bool = False) -> list[str]:
    """Put one canary into every personal field of a delivered folder; returns what to look for.

    `broken`: the rows that carry them are bad besides, so they are set aside or their file is refused.
    """
    (folder / "_manifest.json").unlink(missing_ok=True)
    planted = []
    for export in dict.fromkeys(export for export, _ in personal()):
        columns = [column for name, column in personal() if name == export]
        path = folder / f"{export}.csv"
        rows = rows_of(path) or [further_identifier(folder)]
        # Each in a row of its own where there are so many: a row's further identifiers would make them one person.
        for place, column in enumerate(columns):
            row = rows[place % len(rows)]
            row[column.name] = canary(export, column, mark)
            planted.append(needle(row[column.name]))
            if broken:
                row[load_contracts()[export].key[0]] = ""
        header = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return planted


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def further_identifier(folder: Path) -> dict[str, str]:
    """A row of contact_identifiers, of which a simulation has none, for a contact of the folder."""
    contact = rows_of(folder / "contacts.csv")[-1]
    return {"contact_id": contact["contact_id"], "kind": "external_userid", "updated_at": contact["updated_at"]}


def tables(url: str) -> Iterator[tuple[str, str]]:
    """Every table and view of a database without what is restricted: its name and all its rows as text."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select nspname, relname from pg_class join pg_namespace as schemas on schemas.oid = relnamespace"
            " where relkind in ('r', 'v', 'm', 'p') and nspname !~ '^pg_|^information_schema$' and nspname <> 'vault'"
        ).fetchall()
        for schema, table in found:
            name = f"{schema}.{table}"
            rows = connection.execute(
                sql.SQL("select (to_jsonb(t) - %s::text[])::text from {} as t").format(sql.Identifier(schema, table)),
                [RESTRICTED.get(name, [])],
            )
            yield name, "\n".join(row[0] for row in rows)


def restricted(url: str) -> str:
    """All that may hold personal data."""
    with psycopg.connect(url) as connection:
        names = ["vault.identifiers", "vault.personal_texts", *RESTRICTED]
        return "\n".join(
            row[0]
            for name in names
            for row in connection.execute(sql.SQL("select t::text from {} t").format(sql.Identifier(*name.split("."))))
        )


def files(home: Path) -> Iterator[tuple[str, str]]:
    """Every file below a home but the server's own: its path and text."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and "pg" not in path.relative_to(home).parts[:1]:
            data = path.read_bytes()
            yield str(path.relative_to(home)), (gzip.decompress(data) if path.suffix == ".gz" else data).decode(
                "utf-8", "replace"
            )
