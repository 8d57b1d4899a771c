"""From a delivered file to judged rows in DuckDB: nothing here knows of a warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from userops.contracts.model import Contract
from userops.ingest import judging, scan, staging
from userops.ingest.landing import Source
from userops.ingest.mapping import Context
from userops.ingest.outcome import Judged, Miscounted, Refused, Staged
from userops.ingest.records import BadRecord, Unreadable
from userops.ingest.row_validation import Rules
from userops.ingest.scan import Scan
from userops.lake.schema import PARQUET, kind_sql
from userops.lake.session import Session
from userops.lake.sql import identifier, listed, literal
from userops.privacy.identifiers import hash_distinct


@dataclass(frozen=True)
class File:
    """One file on its way in for an export; `promised` is the manifest's entry for it."""

    contract: Contract
    source: Source
    path: Path
    sha256: str
    size: int
    stamp: str
    business_date: date
    promised: dict | None = None

    @property
    def layout(self) -> str | None:
        """The platform's layout that it is read by, such as `shopify/1`; None for a canonical file."""
        return self.source.layout and self.source.layout.label

    @property
    def whole(self) -> str | None:
        """The column whose values it brings all rows of; None where it brings single rows."""
        layout = self.source.layout
        return (layout and layout.exports[self.contract.name].whole) or None

    @property
    def ending(self) -> str:
        """Format and packing, as the name says them."""
        return f".{self.source.format}{self.source.packed}"


@dataclass
class Reading:
    """What was read of a file; the rows are in the session's database until the next file is read."""

    file: File
    scan: Scan
    staged: Staged
    judged: Judged

    @property
    def set_aside(self) -> list[tuple[int, str]]:
        """All rows for quarantine: number and reason."""
        return self.judged.bad + self.staged.set_aside

    def texts(self) -> dict[int, BadRecord]:
        """Line and text of the rows for quarantine."""
        texts = {record.row: record for record in self.staged.bad}
        return texts | staging.bad_texts(self.scan, {row for row, _ in self.set_aside} - set(texts))


def read(session: Session, context: Context, file: File, by_record: bool | None = None) -> Reading:
    """Read and judge a file; raises Refused if it as a whole is not what it says.

    `by_record` forces one of the two ways of reading; by default the other way is taken where DuckDB's fails.
    """
    rules = Rules(file.business_date, context.clock, context.currency)
    context.clock.register(session.database, file.business_date)
    with _refusing(file.source):
        found = scan.scan(file.source, file.path, file.contract, session.scratch)
        if by_record is False or (by_record is None and found.is_plain):
            try:
                return _read(session, context, rules, file, found, False)
            except (Miscounted, *staging.READING_ERRORS):
                if by_record is False:
                    raise
        return _read(session, context, rules, file, found, True)


def _read(session: Session, context: Context, rules: Rules, file: File, found: Scan, by_record: bool) -> Reading:
    staged = staging.stage(session, context, file.contract, file.source, found, by_record)
    return Reading(file, found, staged, judging.judge(session.database, file.contract, rules, staged))


@contextmanager
def _refusing(source: Source) -> Iterator[None]:
    """Refuse the file if its bytes cannot be read."""
    try:
        yield
    except Unreadable as error:
        raise Refused("file_readable", "manifest", str(error), "a whole, readable file",
                      f"have {source.name} delivered again") from error


def hash_identifiers(session: Session, contract: Contract, key: str, country: str) -> None:
    """Hash every distinct identifier of the good rows."""
    kinds, values = {}, []
    for column in contract.identifiers:
        for kind in contract.kinds_of(column):
            name = f"{column.name} as {kind}"
            kinds[name] = kind
            values.append(f"case when {kind_sql(column)} = {literal(kind)} then rows.{identifier(column.name)} end"
                          f" as {identifier(name)}")
    source = f"(select {listed(values)} from {judging.TABLE} as rows where _good)"
    hash_distinct(session.database, source, kinds, key, country)


def write_rows(session: Session, reading: Reading, load_id: int, source: str) -> tuple[Path, int]:
    """Write the good rows, whose identifiers are hashed, as Parquet; returns the file and its number of rows."""
    path = session.scratch / f"{load_id}.parquet"
    select = judging.good_rows(
        reading.file.contract, reading.judged, load_id, reading.file.business_date, source
    )
    written = session.database.execute(f"copy ({select}) to {literal(path)} ({PARQUET})")
    return path, written.fetchall()[0][0]


def good() -> str:
    """The good rows of the file that was read last, as a relation."""
    return f"(select *, rowid from {judging.TABLE} where _good)"
