"""Relations of the warehouse as Arrow and back, whatever their columns."""

from collections.abc import Sequence

import psycopg
import pyarrow as pa
from psycopg import sql

from userops.engines.base import NoRelation
from userops.engines.postgres_copy import read_arrow, write_arrow

ROLE = "transformer"
# By the names that pg_type gives; decimals are read from the column's modifier.
TO_ARROW = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.string(),
    "varchar": pa.string(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", "UTC"),
}
TO_POSTGRES = {
    pa.bool_(): "boolean",
    pa.int16(): "smallint",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float32(): "real",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.large_string(): "text",
    pa.date32(): "date",
}
# A numeric without bounds (a sum, say): as wide as Arrow's decimals are, with the places of what models compute.
UNBOUNDED = pa.decimal128(38, 10)
COLUMNS = """
    select attname, typname, atttypmod from pg_attribute join pg_type on pg_type.oid = atttypid
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""


KIND = "select relkind::text from pg_class where oid = to_regclass(%s)"


def identifier(relation: str) -> sql.Identifier:
    """A relation named `schema.table`."""
    return sql.Identifier(*relation.split("."))


def read(url: str, connection: psycopg.Connection, relation: str, columns: Sequence[str] | None = None) -> (
    pa.RecordBatchReader
):
    """Stream a relation's rows, in no fixed order; columns of other types than TO_ARROW's are left out."""
    found = connection.execute(COLUMNS, [identifier(relation).as_string(connection)]).fetchall()
    if not found:
        raise NoRelation(relation)
    known = {name: _arrow_type(kind, modifier) for name, kind, modifier in found}
    wanted = columns or [name for name, kind in known.items() if kind is not None]
    schema = pa.schema([(name, known[name]) for name in wanted])
    listed = ", ".join(sql.Identifier(name).as_string(connection) for name in wanted)
    return read_arrow(url, ROLE, f"select {listed} from {identifier(relation).as_string(connection)}", schema)


def _arrow_type(kind: str, modifier: int) -> pa.DataType | None:
    if kind == "numeric":
        return UNBOUNDED if modifier < 0 else pa.decimal128((modifier - 4) >> 16, (modifier - 4) & 0x7FF)
    return TO_ARROW.get(kind)


def columns_of(connection: psycopg.Connection, relation: str) -> list[str]:
    """The names of a relation's columns; none where it does not exist."""
    rows = connection.execute(COLUMNS, [identifier(relation).as_string(connection)]).fetchall()
    return [name for name, _, _ in rows]


def replace(connection: psycopg.Connection, relation: str, rows: pa.Table | pa.RecordBatchReader) -> None:
    """Make the relation anew with exactly these rows; the caller commits."""
    table = identifier(relation)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_postgres_type(field.type)))
        for field in rows.schema
    )
    # Views of the last run may depend on it: dbt makes those again. It may be a view if another engine built it last.
    kind = connection.execute(KIND, [table.as_string(connection)]).fetchone()
    if kind is not None:
        what = sql.SQL("view" if kind[0] == "v" else "table")
        connection.execute(sql.SQL("drop {} {} cascade").format(what, table))
    connection.execute(sql.SQL("create table {} ({})").format(table, columns))
    write_arrow(connection, table, rows, is_new=True)
    connection.execute(sql.SQL("analyze {}").format(table))


def append(
    connection: psycopg.Connection, relation: str, rows: pa.Table | pa.RecordBatchReader, *, is_new: bool = False
) -> None:
    """Add rows to a relation, which this transaction truncated if it `is_new`; the caller commits."""
    write_arrow(connection, identifier(relation), rows, is_new=is_new)


def _postgres_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"numeric({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    return TO_POSTGRES[kind]
