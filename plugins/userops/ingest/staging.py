"""From a file to the temporary table `stage`: all text, canonical column names, `_row` the number in the file."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql

from userops.contracts.model import Contract
from userops.ingest import records
from userops.ingest.judge import default_of
from userops.ingest.landing import Source, blocks, unpacked
from userops.ingest.profile import Layout
from userops.ingest.records import BadRecord, Splitter, Unreadable
from userops.settings import Settings

# PostgreSQL holds 1,600 in a table.
MOST_COLUMNS = 1000


class Refused(Exception):
    """The whole file is refused; carries what the check result says."""

    def __init__(self, check: str, layer: str, observed: str, expected: str, mend: str) -> None:
        super().__init__(observed)
        self.check, self.layer, self.observed, self.expected, self.mend = check, layer, observed, expected, mend


@dataclass
class Staged:
    """What staging found: rows counted by the splitter, records that are no rows, header surprises."""

    rows: int
    bad: list[BadRecord]
    unknown_columns: list[str] = field(default_factory=list)
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    source_rows: int = 0


@contextmanager
def _csv_blocks(source: Source, path: Path, contract: Contract, seen: set[str]) -> Iterator[Iterator[bytes]]:
    with unpacked(path, source.packed) as stream:
        if source.format == "jsonl":
            names = list(source.layout.header) if source.layout else [c.name for c in contract.columns]
            yield records.csv_of_json_lines(blocks(stream), names, seen)
        elif source.format == "json":
            layout = source.layout
            yield records.csv_of_json(blocks(stream), layout.encoding, layout.each, list(layout.header), seen)
        elif source.format == "parquet":
            yield records.csv_of_parquet(stream)
        else:
            yield blocks(stream)


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
    splitter = _splitter(source)
    mapped = source.layout.header if source.layout else {c.name: c.name for c in contract.columns}
    table = "delivered" if source.layout else "stage"
    try:
        with _csv_blocks(source, path, contract, seen) as data:
            pieces = splitter.pieces(data)
            next(pieces)
            columns = _stage_columns(splitter.header, mapped)
            _create(connection, table, columns)
            _copy(connection, table, columns, splitter.delimiter, pieces)
    except Unreadable as error:
        raise Refused("file_readable", "manifest", str(error), "a whole, readable file",
                      f"have {source.name} delivered again") from error
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        # A row wider than a page, a cell that is no text of the database: the first line quotes no cell.
        raise Refused("file_readable", "manifest", str(error).splitlines()[0][:200], "rows that a table can hold",
                      f"have {source.name} written with the contract's columns") from error
    if reason := splitter.incomplete_end():
        raise Refused("file_whole", "manifest", reason, "a last line that is complete",
                      f"have {source.name} delivered again")
    _number_rows(connection, table, splitter.bad)
    present = seen if source.format in ("json", "jsonl") and splitter.rows else set(splitter.header)
    staged = Staged(splitter.rows, splitter.bad, sorted(present - set(mapped)), source_rows=splitter.rows)
    if source.layout:
        _require_layout(source.layout, present, source)
        _clean(connection, source.layout, set(columns))
        _apply_profile(connection, source, contract, business_date, staged)
    else:
        needed = {c.name for c in contract.columns if not c.nullable and c.default is None}
        _require(mapped, present, needed, source)
    _complete(connection, settings, contract)
    return staged


def _stage_columns(header: list[str], mapped: dict[str, str]) -> list[str]:
    """Staging names in the file's order; a name twice refuses the file, unknown names get a place to be ignored."""
    if len(header) > MOST_COLUMNS:
        raise Refused("header", "contract", f"{len(header)} columns", f"at most {MOST_COLUMNS}",
                      "have the export written with the contract's columns")
    counts = Counter(header)
    for name in header:
        if counts[name] > 1:
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
    if missing:
        raise Refused("header", "contract", f"no column {', '.join(missing)}", "every column of the contract",
                      f"have {source.name} written with the columns that contracts/{source.export}.yml names")


def _require_layout(layout: Layout, present: set[str], source: Source) -> None:
    """Every staging column that is not optional must be there under one of its spellings."""
    found = {layout.header[name] for name in present if name in layout.header}
    missing = [column for column in layout.columns if column not in found and column not in layout.optional]
    if missing:
        spellings = [name for name, column in layout.header.items() if column == missing[0]]
        raise Refused("header", "contract", f"no column {' or '.join(spellings)}", "every column of the profile",
                      f"is {source.name} a file of {', '.join(layout.files)}? Have it exported with that column, or"
                      f" name its spelling in profiles/")


def _clean(connection: psycopg.Connection, layout: Layout, present: set[str]) -> None:
    """The view `staged`: every staging column, cleaned as the layout says; one that is absent is null."""
    def cleaned(column: str) -> sql.Composable:
        if column not in present:
            return sql.SQL("null::text as {}").format(sql.Identifier(column))
        cell: sql.Composable = sql.Identifier(column)
        ends = layout.clean.strip + " "
        if layout.clean.strip or layout.clean.unwrap:
            cell = sql.SQL("btrim({}, {})").format(cell, sql.Literal(ends))
        if layout.clean.unwrap:
            cell = sql.SQL("btrim(regexp_replace({}, {}, {}), {})").format(
                cell, sql.Literal('^="(.*)"$'), sql.Literal("\\1"), sql.Literal(ends)
            )
        for word in ("", *layout.clean.missing):
            cell = sql.SQL("nullif({}, {})").format(cell, sql.Literal(word))
        return sql.SQL("{} as {}").format(cell, sql.Identifier(column))

    columns = sql.SQL(", ").join(cleaned(column) for column in layout.columns)
    connection.execute(sql.SQL("create temp view staged as select {}, _row from delivered").format(columns))


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


def _apply_profile(
    connection: psycopg.Connection, source: Source, contract: Contract, business_date: date, staged: Staged
) -> None:
    """Make `stage` from the platform's rows by the profile's SELECT."""
    rules = source.layout.exports[contract.name]
    cases = [
        sql.SQL("when {} then {}").format(sql.SQL(rule.when), sql.Literal(rule.reason)) for rule in rules.set_aside
    ]
    reason = sql.SQL("case {} end").format(sql.SQL(" ").join(cases)) if cases else sql.SQL("null::text")
    connection.execute(
        sql.SQL("create temp table aside on commit drop as select * from"
                " (select _row, {} as reason from staged) as judged where reason is not null").format(reason)
    )
    connection.execute(
        "create temp view kept as select * from staged"
        " where not exists (select from aside where aside._row = staged._row)"
    )
    select = rules.select.replace(":business_date", f"date '{business_date.isoformat()}'")
    connection.execute(sql.SQL("create temp table stage on commit drop as {}").format(sql.SQL(select)))
    connection.execute("drop view kept, staged")
    if rules.row_per_line:
        connection.execute("delete from stage using aside where stage._row = aside._row")
        staged.set_aside = connection.execute("select _row, reason from aside").fetchall()
        _limit_set_aside(len(staged.set_aside), staged.rows, rules.max_set_aside_share, source)
    else:
        staged.rows, staged.bad = _count(connection), []


def _limit_set_aside(count: int, rows: int, limit: float, source: Source) -> None:
    if count > limit * rows:
        raise Refused("set_aside", "contract", f"{count} of {rows} rows set aside", f"at most {limit:.1%}",
                      f"look at {source.name}: it is not what the profile expects")


def _count(connection: psycopg.Connection) -> int:
    return connection.execute("select count(*) from stage").fetchone()[0]


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
