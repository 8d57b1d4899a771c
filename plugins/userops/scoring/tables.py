"""Whole tables of numbers between Postgres and numpy, in the binary form of COPY: no text, no row in Python."""

import asyncio

import numpy as np
import psycopg
from psycopg import sql

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"
ROWS_AT_ONCE = 200_000


def read(url: str, role: str, relation: str, dtype: np.dtype) -> np.ndarray:
    """The columns of `relation` that `dtype` names (i4 and f8 fields alone; a null is an error), in no fixed order.

    By asyncpg: it hands over what came as a block, where psycopg wakes Python for every row (25M rows: 5 s, not 20).
    """
    columns = ", ".join(f"{name}::{'int4' if dtype[name].kind == 'i' else 'float8'}" for name in dtype.names)
    wire = _wire(dtype)
    parts: list[np.ndarray] = []
    rest = bytearray()

    async def take(block: bytes) -> None:
        rest.extend(block)
        if len(rest) >= ROWS_AT_ONCE * wire.itemsize:
            _decode(rest, wire, dtype, parts)

    asyncio.run(_copy_out(url, role, f"select {columns} from {relation}", take))
    _decode(rest, wire, dtype, parts)
    if bytes(rest) != TRAILER:
        raise ValueError(f"COPY of {relation} ended within a row: a value was null")
    return np.concatenate([np.zeros(0, dtype=dtype), *parts])


async def _copy_out(url: str, role: str, query: str, take: object) -> None:
    import asyncpg

    connection = await asyncpg.connect(url, timeout=10, statement_cache_size=0)
    try:
        await connection.execute(f"set role {role}")
        await connection.copy_from_query(query, output=take, format="binary")
    finally:
        await connection.close()


def write(connection: psycopg.Connection, table: sql.Identifier, rows: np.ndarray) -> None:
    """Replace the rows of `table` by `rows`, whose fields (i4, f4, f8) are its columns; NaN stays NaN."""
    connection.execute(sql.SQL("truncate {}").format(table))
    names = sql.SQL(", ").join(map(sql.Identifier, rows.dtype.names))
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(table, names)
    with connection.cursor().copy(statement) as copy:
        copy.write(HEADER)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            copy.write(_encode(rows[first : first + ROWS_AT_ONCE]))
        copy.write(TRAILER)


def _wire(dtype: np.dtype) -> np.dtype:
    """A row as COPY sends it: the number of fields, then each with its length before it, all big-endian."""
    fields = [("fields", ">i2")]
    for name in dtype.names:
        fields += [(f"{name} bytes", ">i4"), (name, dtype[name].newbyteorder(">"))]
    return np.dtype(fields)


def _decode(rest: bytearray, wire: np.dtype, dtype: np.dtype, parts: list[np.ndarray]) -> None:
    """Move the whole rows at the front of `rest` (past the header) into `parts`."""
    if rest.startswith(HEADER):
        del rest[: len(HEADER)]
    count = len(rest) // wire.itemsize
    raw = np.frombuffer(bytes(rest[: count * wire.itemsize]), dtype=wire)
    lengths = all((raw[f"{name} bytes"] == dtype[name].itemsize).all() for name in dtype.names)
    if not lengths or (raw["fields"] != len(dtype.names)).any():
        raise ValueError("a value was null")
    part = np.empty(count, dtype=dtype)
    for name in dtype.names:
        part[name] = raw[name]
    parts.append(part)
    del rest[: count * wire.itemsize]


def _encode(rows: np.ndarray) -> bytes:
    raw = np.empty(len(rows), dtype=_wire(rows.dtype))
    raw["fields"] = len(rows.dtype.names)
    for name in rows.dtype.names:
        raw[f"{name} bytes"] = rows.dtype[name].itemsize
        raw[name] = rows[name]
    return raw.tobytes()
