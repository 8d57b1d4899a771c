"""From a file to the temporary table `stage`: all text, canonical column names, `_row` the number in the file."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from userops.contracts.model import Contract
from userops.errors import first_line
from userops.ingest import mapping, records
from userops.ingest.landing import Source, blocks, unpacked, unpacked_limit
from userops.ingest.records import BadRecord, Splitter, Unreadable
from userops.ingest.row_validation import default_of
from userops.ingest.staged import Refused, Staged
from userops.settings import Settings

# PostgreSQL holds 1,600 in a table.
MOST_COLUMNS = 1000


@contextmanager
def _csv_blocks(
    source: Source, path: Path, contract: Contract, seen: set[str], rowless: list[list[str]] | None = None
) -> Iterator[Iterator[bytes]]:
    layout = source.layout
    with unpacked(path, source.packed) as stream:
        data = blocks(stream, unpacked_limit(path, source.packed))
        if layout and source.format in ("json", "jsonl"):
            read = records.csv_of_json if source.format == "json" else records.csv_of_json_pages
            yield read(data, layout.encoding, layout.each, layout.header, seen, rowless)
        elif source.format == "jsonl":
            yield records.csv_of_json_lines(data, [c.name for c in contract.columns], seen)
        elif source.format == "parquet":
            yield records.csv_of_parquet(stream)
        else:
            yield data


def _splitter(source: Source, wanted: frozenset[int] = frozenset()) -> Splitter:
    if source.layout and source.format == "csv":
        layout = source.layout
        return Splitter(layout.delimiter, layout.encoding, wanted=wanted, skip_lines=layout.skip_lines)
    return Splitter(wanted=wanted)


def stage_file(
    connection: psycopg.Connection, settings: Settings, contract: Contract, source: Source, path: Path,
    business_date: date,
) -> Staged:
    """Fill `stage`; raises Refused where the file as a whole is not what it says."""
    seen: set[str] = set()
    rowless: list[list[str]] = []
    splitter = _splitter(source)
    mapped = source.layout.header if source.layout else {c.name: c.name for c in contract.columns}
    table = "delivered" if source.layout else "stage"
    with _refusing(source), _csv_blocks(source, path, contract, seen, rowless) as data:
        pieces = splitter.pieces(data)
        next(pieces)
        columns = _stage_columns(splitter.header, mapped)
        _create(connection, table, columns)
        _copy(connection, table, columns, splitter.delimiter, pieces)
    if reason := splitter.incomplete_end():
        raise Refused("file_whole", "manifest", reason, "a last line that is complete",
                      f"have {source.name} delivered again")
    _number_rows(connection, table, splitter.bad)
    _add_rowless(connection, table, columns, rowless)
    present = seen if source.format in ("json", "jsonl") and splitter.rows else set(splitter.header)
    staged = Staged(splitter.rows, splitter.bad, sorted(present - set(mapped)), source_rows=splitter.rows)
    if source.format in ("csv", "parquet"):
        staged.columns = sorted({mapped[name] for name in present if name in mapped})
    staged.ends_line = splitter.ends_with_newline
    if source.layout:
        night = mapping.Night(settings, business_date)
        mapping.apply_layout(connection, night, source, contract.name, (set(columns), present), staged)
    else:
        needed = {c.name for c in contract.columns if not c.nullable and c.default is None}
        _require(mapped, present, needed, source)
    _complete(connection, settings, contract)
    return staged


@contextmanager
def _refusing(source: Source) -> Iterator[None]:
    """Refuse the file where its bytes cannot be read or no table can hold its rows."""
    try:
        yield
    except Unreadable as error:
        raise Refused("file_readable", "manifest", str(error), "a whole, readable file",
                      f"have {source.name} delivered again") from error
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        # A row wider than a page, a cell that is no text of the database: the first line quotes no cell.
        raise Refused("file_readable", "manifest", first_line(error)[:200], "rows that a table can hold",
                      f"have {source.name} written with the contract's columns") from error


def _stage_columns(header: list[str], mapped: dict[str, str]) -> list[str]:
    """Staging names in the file's order; a name twice refuses the file, unknown names get a place to be ignored."""
    if len(header) > MOST_COLUMNS:
        raise Refused("header", "contract", f"{len(header)} columns", f"at most {MOST_COLUMNS}",
                      "have the export written with the contract's columns")
    counts = Counter(header)
    for name in header:
        if name and counts[name] > 1:
            raise Refused("header", "contract", f"column {name[:60]!r} stands twice", "each column once",
                          "have the export written with one header")
    taken: set[str] = set()
    columns = []
    for place, name in enumerate(header):
        # Of two spellings of one column in a file the first holds.
        column = mapped.get(name)
        columns.append(f"_ignored_{place}" if column is None or column in taken else column)
        taken.add(columns[-1])
    return columns


def _require(mapped: dict[str, str], present: set[str], needed: set[str], source: Source) -> None:
    missing = [name for name in mapped if name in needed and name not in present]
    if missing and len(present) == 1:
        raise Refused("field_count", "manifest", "a header of one field", f"{len(needed)} fields or more",
                      f"have {source.name} written with commas, or name its delimiter in a profile")
    if missing:
        raise Refused("header", "contract", f"no column {', '.join(missing)}", "every column of the contract",
                      f"have {source.name} written with the columns that contracts/{source.export}.yml names")


def _create(connection: psycopg.Connection, table: str, columns: list[str]) -> None:
    names = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
    connection.execute(
        sql.SQL(
            "create temp table {} ({}, _row bigint generated by default as identity (cache 1000)) on commit drop"
        ).format(sql.Identifier(table), names)
    )


def _copy(
    connection: psycopg.Connection, table: str, columns: list[str], delimiter: str, pieces: Iterator[bytes]
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("copy {} ({}) from stdin (format csv, delimiter {}, force_null ({}))").format(
        sql.Identifier(table), names, sql.Literal(delimiter), names
    )
    with connection.cursor().copy(command) as copy:
        for piece in pieces:
            if piece:
                copy.write(piece)


def _number_rows(connection: psycopg.Connection, table: str, bad: list[BadRecord]) -> None:
    """The identity counts good records only: move it past the records that were left out."""
    if bad:
        places = [record.row - skipped for skipped, record in enumerate(bad)]
        connection.execute(
            sql.SQL("update {} set _row = _row + width_bucket(_row, %s::bigint[])").format(sql.Identifier(table)),
            [places],
        )


def _add_rowless(
    connection: psycopg.Connection, table: str, columns: list[str], rowless: list[list[str]]
) -> None:
    """Pages without a row stand below row 1, where no export looks: `refuse` may ask for what they say."""
    if not rowless:
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("copy {} ({}, _row) from stdin").format(sql.Identifier(table), names)
    with connection.cursor().copy(command) as copy:
        for place, cells in enumerate(rowless):
            copy.write_row([*(cell or None for cell in cells), -place])


def _complete(connection: psycopg.Connection, settings: Settings, contract: Contract) -> None:
    """Add the contract's columns that the file does not have, filled with their default."""
    present = {
        row[0] for row in connection.execute(
            "select attname from pg_attribute where attrelid = 'pg_temp.stage'::regclass and attnum > 0"
        )
    }
    for column in contract.columns:
        if column.name not in present:
            connection.execute(
                sql.SQL("alter table stage add column {} text default {}").format(
                    sql.Identifier(column.name), sql.Literal(default_of(column, settings.currency))
                )
            )


def raw_texts(source: Source, path: Path, contract: Contract, wanted: set[int]) -> dict[int, BadRecord]:
    """Line and text of the records with these numbers, by reading the file once more."""
    if not wanted:
        return {}
    splitter = _splitter(source, frozenset(wanted))
    with _csv_blocks(source, path, contract, set()) as data:
        for _ in splitter.pieces(data):
            pass
    return {record.row: record for record in splitter.found}
