"""From a delivered file to judged rows in DuckDB: nothing here knows of a warehouse."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from userops.contracts.model import Contract
from userops.ingest import judging, scan, staging
from userops.ingest.landing import DeliveredFile
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
    delivered: DeliveredFile
    path: Path
    sha256: str
    size: int
    stamp: str
    business_date: date
    promised: dict | None = None

    @property
    def layout(self) -> str | None:
        """The platform's layout that it is read by, such as `shopify/1`; None for a canonical file."""
        return self.delivered.layout and self.delivered.layout.label

    @property
    def whole(self) -> str | None:
        """The column whose values it brings all rows of; None where it brings single rows."""
        layout = self.delivered.layout
        return (layout and layout.exports[self.contract.name].whole) or None

    @property
    def ending(self) -> str:
        """Format and packing, as the name says them."""
        return f".{self.delivered.format}{self.delivered.packed}"


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
    rules = Rules(file.business_date, context.clock, context.currency, context.business_zone)
    context.clock.register(session.database, file.business_date)
    with _refusing(file.delivered):
        found = scan.scan(file.delivered, file.path, file.contract, session.scratch)
        if by_record is False or (by_record is None and found.is_plain):
            try:
                return _read(session, context, rules, file, found, False)
            except (Miscounted, *staging.READING_ERRORS):
                if by_record is False:
                    raise
        return _read(session, context, rules, file, found, True)


def _read(session: Session, context: Context, rules: Rules, file: File, found: Scan, by_record: bool) -> Reading:
    staged = staging.stage(session, context, file.contract, file.delivered, found, by_record)
    return Reading(file, found, staged, judging.judge(session.database, file.contract, rules, staged))


@contextmanager
def _refusing(delivered: DeliveredFile) -> Iterator[None]:
    """Refuse the file if its bytes cannot be read."""
    try:
        yield
    except Unreadable as error:
        raise Refused("file_readable", "manifest", str(error), "a whole, readable file",
                      f"have {delivered.name} delivered again") from error


def hash_identifiers(session: Session, file: File, key: str, country: str) -> None:
    """Hash every distinct identifier of the good rows; a source may say the country and the namespace of its own."""
    source, kinds, values = file.delivered.source, {}, []
    for column in file.contract.identifiers:
        for kind in file.contract.kinds_of(column):
            name = f"{column.name} as {kind}"
            kinds[name] = kind
            values.append(f"case when {kind_sql(column)} = {literal(kind)} then rows.{identifier(column.name)} end"
                          f" as {identifier(name)}")
    namespaces = {kind: source.namespace_of(kind) if source else "" for kind in kinds.values()}
    own = source.said.default_country if source else None
    rows = f"(select {listed(values)} from {judging.TABLE} as rows where _good)"
    hash_distinct(session.database, rows, kinds, key, own or country, namespaces)


def write_rows(session: Session, reading: Reading, load_id: int) -> tuple[Path, int]:
    """Write the good rows, whose identifiers are hashed, as Parquet; returns the file and its number of rows."""
    path = session.scratch / f"{load_id}.parquet"
    select = judging.good_rows(
        reading.file.contract, reading.judged, load_id, reading.file.business_date, reading.file.delivered.source_name
    )
    written = session.database.execute(f"copy ({select}) to {literal(path)} ({PARQUET})")
    return path, written.fetchall()[0][0]


def good() -> str:
    """The good rows of the file that was read last, as a relation."""
    return f"(select *, rowid from {judging.TABLE} where _good)"
