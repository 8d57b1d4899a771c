"""From a delivered file to text columns in DuckDB, with the contract's names.

The usual way is DuckDB's own reader. A file that is not plain, or that DuckDB refuses or counts otherwise, is split in
Python and goes in record by record: the same rows and the same reasons, slower.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from userops.contracts.model import Contract
from userops.ingest import damage, mapping, source_rules
from userops.ingest.landing import DeliveredFile
from userops.ingest.opening import blocks
from userops.ingest.outcome import Miscounted, Refused, Staged
from userops.ingest.records import BadRecord, Splitter, cells, utf8
from userops.ingest.scan import Scan
from userops.lake.session import Session
from userops.lake.sql import identifier, listed, literal

MOST_COLUMNS = 1000
# What DuckDB raises for bytes it cannot read as it was told to.
READING_ERRORS = (
    duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.IOException,
    duckdb.OutOfMemoryException,
)  # fmt: skip
DELIVERED = "delivered"


def stage(
    session: Session, context: mapping.Context, contract: Contract, delivered: DeliveredFile, scan: Scan,
    by_record: bool,
) -> Staged:  # fmt: skip
    """Make the file's rows known as `Staged.relation`; raises Refused, and Miscounted on the usual way."""
    mapped = {column.name: column.name for column in contract.columns}
    if delivered.layout:
        mapped = delivered.layout.header | delivered.layout.names_in(scan.header)
    columns = _stage_columns(scan.header, mapped, bool(delivered.layout))
    present = scan.seen if delivered.format in ("json", "jsonl") and scan.rows else set(scan.header)
    if scan.incomplete:
        raise Refused("file_whole", "manifest", scan.incomplete, "a last line that is complete",
                      f"have {delivered.name} delivered again")
    if delivered.layout is None:
        needed = {column.name for column in contract.columns if column.must_stand}
        _require(mapped, present, needed, delivered)
    staged = _read(session, scan, columns, by_record, bool(delivered.layout))
    staged.unknown_columns = sorted(present - set(mapped))
    staged.sheet, staged.other_sheets = scan.sheet, scan.other_sheets
    if delivered.format not in ("json", "jsonl"):
        staged.columns = sorted({mapped[name] for name in present if name in mapped})
    if delivered.layout:
        mapping.apply_layout(session.database, context, delivered, contract, scan, (set(columns), present), staged)
    staged.unmended = staged.relation
    staged.relation = damage.as_mended(contract, staged.relation, staged.present, scan.traits)
    if delivered.source:
        source_rules.put_name_before_ids(delivered.source, contract, staged)
    return staged


def _read(session: Session, scan: Scan, columns: list[str], by_record: bool, is_mapped: bool) -> Staged:
    used = {column for column in columns if not column.startswith("_ignored_")}
    staged = Staged(DELIVERED, "_row", used, scan.rows, scan.rows, [], scan.traits, scan.ends_line)
    if by_record:
        staged.bad = _by_record(session, scan, columns)
        return staged
    reader = _reader(scan, columns)
    if not is_mapped:
        staged.relation, staged.row = reader, None
        return staged
    names = listed([identifier(column) for column in columns if column in used]) or "null as nothing"
    session.database.execute(f"create or replace table {DELIVERED} as select {names} from {reader}")
    if session.database.execute(f"select count(*) from {DELIVERED}").fetchall()[0][0] != scan.rows:
        raise Miscounted
    staged.row = "rowid + 1"
    return staged


def _reader(scan: Scan, columns: list[str]) -> str:
    """DuckDB's reader, told everything and allowed nothing."""
    kinds = listed([f"{literal(column)}: 'varchar'" for column in columns])
    return (
        f"read_csv({literal(scan.path)}, columns = {{{kinds}}}, header = false, skip = {scan.lines_before},"
        f" delim = {literal(scan.delimiter)}, quote = '\"', escape = '\"', new_line = {_line_end(scan)},"
        f" nullstr = '', allow_quoted_nulls = true, auto_detect = false, strict_mode = true, null_padding = false,"
        f" ignore_errors = false, parallel = {literal(not scan.has_line_ends_in_quotes)})"
    )


def _line_end(scan: Scan) -> str:
    return "'\\r\\n'" if scan.line_end == "\r\n" else "'\\n'"


def _by_record(session: Session, scan: Scan, columns: list[str]) -> list[BadRecord]:
    """Fill the table `delivered` with a row number and the cells of each good record; returns the bad ones."""
    wanted = [(place, column) for place, column in enumerate(columns) if not column.startswith("_ignored_")]
    names = [column for _, column in wanted]
    kinds = listed(["_row bigint", *(f"{identifier(name)} varchar" for name in names)])
    session.database.execute(f"create or replace table {DELIVERED} ({kinds})")
    splitter = Splitter(
        scan.delimiter, skip_lines=scan.titles, rows_are_lines=scan.rows_are_lines, has_blank_rows=scan.has_blank_rows
    )
    for batch in splitter.batches(_texts(scan.path)):
        rows = [cells(record, scan.delimiter) for _, record in batch]
        table = pa.table(
            {"_row": pa.array([row for row, _ in batch], pa.int64())}
            | {name: pa.array([row[place] for row in rows], pa.string()) for place, name in wanted}
        )
        session.database.register("batch", table)
        session.database.execute(f"insert into {DELIVERED} select * from batch")
        session.database.unregister("batch")
    return splitter.bad


def _texts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from utf8(blocks(stream), "utf-8")


def bad_texts(scan: Scan, wanted: set[int]) -> dict[int, BadRecord]:
    """Line and text of the records with these numbers, by reading the file once more."""
    if not wanted:
        return {}
    splitter = Splitter(
        scan.delimiter, frozenset(wanted), scan.titles, rows_are_lines=scan.rows_are_lines,
        has_blank_rows=scan.has_blank_rows,
    )  # fmt: skip
    for _ in splitter.batches(_texts(scan.path)):
        pass
    return {record.row: record for record in splitter.found}


def _stage_columns(header: list[str], mapped: dict[str, str], is_platforms: bool) -> list[str]:
    """Staging names in the file's order; unknown names get a place to be ignored.

    A name twice refuses the file, but for names in a platform's file that nobody reads.
    """
    if len(header) > MOST_COLUMNS:
        raise Refused("header", "contract", f"{len(header)} columns", f"at most {MOST_COLUMNS}",
                      "have the export written with the contract's columns")
    counts = Counter(header)
    for name in header:
        if name and counts[name] > 1 and (name in mapped or not is_platforms):
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


def _require(mapped: dict[str, str], present: set[str], needed: set[str], delivered: DeliveredFile) -> None:
    missing = [name for name in mapped if name in needed and name not in present]
    if missing and len(present) == 1:
        raise Refused("field_count", "manifest", "a header of one field", f"{len(needed)} fields or more",
                      f"have {delivered.name} written with commas, or name its delimiter in a platform's file")
    if missing:
        raise Refused("header", "contract", f"no column {', '.join(missing)}", "every column of the contract",
                      f"have {delivered.name} written with the columns that contracts/{delivered.export}.yml names")
