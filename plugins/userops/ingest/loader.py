"""Store an export's files: one transaction a file, all of it or nothing."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import duckdb
import psycopg

from userops.checks import CheckResult
from userops.contracts.model import load_contracts
from userops.errors import first_line
from userops.ingest import column_profile, file_checks, load_log, reading, source_rules, work
from userops.ingest.clock import Clock
from userops.ingest.file_checks import Before, result
from userops.ingest.landing import DeliveredFile, Folder
from userops.ingest.load_log import Entry
from userops.ingest.mapping import Context
from userops.ingest.opening import local_copy, stamp_of
from userops.ingest.outcome import Refused
from userops.ingest.reading import File, Reading
from userops.lake import Lake, loads
from userops.lake.files import path_of
from userops.lake.schema import create_view
from userops.lake.session import Session, open_session
from userops.privacy import keys, vault
from userops.settings import Settings
from userops.warehouse import lease

DEFAULT_MEMORY = "1GiB"
log = logging.getLogger(__name__)


class Loader:
    """What the files of one export's task share: the warehouse, the lake, DuckDB, the right to write."""

    def __init__(
        self, connection: psycopg.Connection, settings: Settings, session: Session, business_date: date, run_id: str,
        token: int | None,
    ) -> None:  # fmt: skip
        self.connection, self.settings, self.session = connection, settings, session
        self.business_date, self.run_id, self.token = business_date, run_id, token
        self.lake, self.clocks = Lake(settings.lake), {}
        self.lake.register(session.database)

    def context(self, file: File) -> Context:
        """What a file is read with: clock, currency and country of its source, or else the business's."""
        source = file.delivered.source
        said = source.said if source else None
        return Context(
            file.business_date, self._clock(said and said.timezone), (said and said.currency) or self.settings.currency,
            self._pseudonym_key, lambda database, export: self._open_history(database, export, file),
            self.settings.timezone, (said and said.default_country) or self.settings.default_country,
        )  # fmt: skip

    def _clock(self, timezone: str | None) -> Clock:
        return self.clocks.setdefault(timezone or self.settings.timezone, Clock(timezone or self.settings.timezone))

    def _pseudonym_key(self) -> str:
        with self.connection.transaction():
            keys.require(self.connection, self.settings)
            return keys.pseudonym_key(self.connection)

    def _open_history(self, database: duckdb.DuckDBPyConnection, export: str, file: File) -> None:
        """Make `raw.<export>` the rows of the file's source of earlier dates, with ids as its files have them."""
        before = date.fromordinal(file.business_date.toordinal() - 1)
        contract, source = load_contracts()[export], file.delivered.source
        with self.connection.transaction():
            files = loads.files_as_of(self.connection, before, self.lake.url, [export])
        database.execute("create schema if not exists raw")
        urls = [stored.url for stored in files.get(export, [])]
        create_view(database, f"raw.{export}_of_all", contract, urls)
        database.execute(f"create or replace view raw.{export} as {source_rules.own_rows(source, contract)}")


def load_export(
    connection: psycopg.Connection, settings: Settings, export: str, business_date: date, run_id: str,
    token: int | None = None,
) -> list[CheckResult]:
    """Store every file of the export up to that date that is not stored, oldest first, in the role loader.

    Returns what was asked of each file, and the answers. With `token` every commit checks that the run was not
    superseded: one that was paused brings nothing of its own.
    """
    results: list[CheckResult] = []
    known = load_log.entries(connection, business_date, export)
    connection.commit()
    memory = settings.memory_limit or DEFAULT_MEMORY
    with open_session(memory, settings.threads, settings.home / "tmp") as session:
        loader = Loader(connection, settings, session, business_date, run_id, token)
        for day, folder, files in work.files_of(settings, export, business_date, known):
            found = []
            for delivered in files:
                before = known.get((day, *delivered.key), [])
                found += _load(loader, folder, delivered, day, before)
            found += _empty(connection, export, folder, day)
            results += [_of_date(answer, day, business_date) for answer in found]
    return _without_repeats(results) or [work.nothing_to_load(export)]


def _load(
    loader: Loader, folder: Folder, delivered: DeliveredFile, day: date, known: list[Entry]
) -> list[CheckResult]:
    contract = load_contracts()[delivered.export]
    with local_copy(loader.settings, delivered) as (path, sha256, size, stamp):
        file = File(contract, delivered, path, sha256, size, delivered.stamp, day, folder.promised(delivered))
        if same := load_log.same_bytes(known, sha256):
            with lease.transaction(loader.connection, loader.token):
                load_log.confirm(loader.connection, same, delivered.stamp)
            return [result(file, "file_loaded", "manifest", True, f"{same.state} before, unchanged", "loaded")]
        try:
            return _store(loader, file, stamp)
        except Refused as refused:
            with lease.transaction(loader.connection, loader.token):
                load_log.write_refusal(loader.connection, file, loader.run_id, f"{refused.check}: {refused.observed}")
            answer = result(file, refused.check, refused.layer, False, refused.observed, refused.expected, refused.fix)
            return [replace(answer, severity=work.severity_of_refusal(contract, known, day, loader.business_date))]


def _store(loader: Loader, file: File, stamp: tuple) -> list[CheckResult]:
    """Read, judge and store a file; raises Refused."""
    connection, session = loader.connection, loader.session
    file_checks.check_digest(file)
    read = reading.read(session, loader.context(file), file)
    with connection.transaction():
        before = Before(load_log.shape_before(connection, file),
                        load_log.came_before(connection, file))
        earlier = load_log.same_content(connection, file, read.judged.row_set_hash)
    file_checks.check_read(read, before, earlier)
    texts = read.texts() if read.set_aside else {}
    with lease.transaction(connection, loader.token), ThreadPoolExecutor(1) as beside:
        load_id = _begin_load(loader, read)
        kept = _start_vault(loader, read, beside)
        _write_rows(loader, read, load_id)
        figures = _figures(loader, file)
        personal = vault.write_texts(
            session.database, reading.good(), read.judged.row, file.contract, load_id, session.scratch
        )
        # Until here DuckDB worked beside the warehouse, which may say no more meanwhile.
        kept.result()
        loads.set_path(connection, load_id, path_of(file.contract.name, load_id, 0))
        vault.keep_texts(connection, personal)
        _quarantine(connection, read, load_id, texts)
        _profile(loader, file, load_id, figures)
        _check_unchanged(file, stamp)
    return file_checks.answers(read)


def _begin_load(loader: Loader, read: Reading) -> int:
    """Write the row of the load, in the place of an earlier delivery; returns its id."""
    load_log.take_out_earlier(loader.connection, read.file)
    return loads.insert(loader.connection, load_log.load_of(
        read.file, "loaded", loader.run_id, rows_in_file=read.staged.rows, rows_quarantined=len(read.set_aside),
        row_set_hash=read.judged.row_set_hash, columns=read.staged.columns, ends_line=read.staged.ends_line,
    ))  # fmt: skip


def _start_vault(loader: Loader, read: Reading, beside: ThreadPoolExecutor) -> Future:
    """Hash the identifiers; the warehouse takes them in while DuckDB writes the rows."""
    connection, session, contract = loader.connection, loader.session, read.file.contract
    if not contract.identifiers:
        return beside.submit(lambda: None)
    key = keys.require(connection, loader.settings)
    reading.hash_identifiers(session, read.file, key, loader.settings.default_country)
    path = vault.write_identifiers(session.database, session.scratch)
    return beside.submit(vault.keep_identifiers, connection, key, path)


def _write_rows(loader: Loader, read: Reading, load_id: int) -> None:
    """Store the load's file: nobody knows of it before its load names it."""
    file = read.file
    parquet, rows = reading.write_rows(loader.session, read, load_id)
    if rows + len(read.set_aside) != read.staged.rows:
        observed = f"{rows} loaded, {len(read.set_aside)} set aside of {read.staged.rows}"
        raise Refused("rows_accounted", "manifest", observed,
                      "every row loaded or set aside",
                      f"{file.delivered.name} was split in two ways: look at its quoting")
    loader.lake.put(parquet, path_of(file.contract.name, load_id, 0))


def _check_unchanged(file: File, stamp: tuple) -> None:
    """The bytes are read more than once (sum, rows, texts of bad rows): all must have been the same file."""
    try:
        unchanged = stamp_of(file.path) == stamp
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        raise Refused("file_unchanged", "manifest", "it changed while it was read", "a file that stays as delivered",
                      f"write {file.delivered.name} beside the folder and move it in when it is whole; run again")


def _quarantine(connection: psycopg.Connection, read: Reading, load_id: int, texts: dict) -> None:
    if not read.set_aside:
        return
    file = read.file
    # Lines of what was written as CSV are those below its header; a sheet has one of its own.
    unheaded = 1 if file.delivered.format in ("json", "jsonl", "parquet") else 0
    with connection.cursor().copy(
        "copy quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason) from stdin"
    ) as copy:
        for row, reason in read.set_aside:
            # A row that a platform's SQL adds of its own stands on no line of the file.
            line, text = (texts[row].line - unheaded, texts[row].text) if row in texts else (0, "")
            copy.write_row((load_id, file.business_date, file.contract.name, file.delivered.name, line, text, reason))


def _figures(loader: Loader, file: File) -> list[column_profile.Figure]:
    """What the columns of a load look like; nothing of one that is too old to be compared with."""
    if not column_profile.is_kept(file.business_date, loader.business_date):
        return []
    return column_profile.profile(
        loader.session.database, file.contract, file.business_date, loader.settings.timezone
    )


def _profile(loader: Loader, file: File, load_id: int, figures: list[column_profile.Figure]) -> None:
    """Keep with the load what its columns look like (`figures`), and what changed of the rows that are known."""
    if not figures:
        return
    database, export = loader.session.database, file.contract.name
    stored = loads.files_as_of(loader.connection, file.business_date, loader.lake.url, [export])[export]
    try:
        figures += column_profile.changes(database, file.contract, stored, load_id)
    except duckdb.IOException as error:
        # Who builds from the lake says what it lacks; this load is only not compared with it.
        log.warning("%s is not compared with earlier loads: %s", file.delivered.name, first_line(error))
    column_profile.keep(loader.connection, load_id, figures)


def _empty(connection: psycopg.Connection, export: str, folder: Folder, day: date) -> list[CheckResult]:
    """A required export or a snapshot that came without one row; an optional delta may be empty."""
    contract, found = load_contracts()[export], []
    for source in dict.fromkeys(file.source_name for file in folder.of(export)):
        files = [file for file in folder.of(export) if file.source_name == source]
        if not (any(file.required for file in files) or contract.mode == "snapshot"):
            continue
        with connection.transaction():
            rows = load_log.rows_in_folder(connection, export, source, day)
        if rows and not sum(rows):
            names = ", ".join(file.label for file in files)
            found.append(CheckResult(
                "not_empty", "manifest", contract.name, "critical", False, "0 rows", "at least one row",
                f"{names}: have {contract.owner} deliver {contract.name} again",
            ))  # fmt: skip
    return found


def _of_date(answer: CheckResult, day: date, business_date: date) -> CheckResult:
    """An answer about a file of an earlier date says so."""
    return answer if day == business_date else replace(answer, detail=f"{day}/{answer.detail}")


def _without_repeats(results: list[CheckResult]) -> list[CheckResult]:
    """What failed, and of each check that passed on many files one answer."""
    passed: dict[str, list[CheckResult]] = {}
    for answer in results:
        if answer.passed:
            passed.setdefault(answer.check, []).append(answer)
    found = [answer for answer in results if not answer.passed]
    for answers in passed.values():
        several = f"{len(answers)} files, the last: {answers[-1].observed}"
        found.append(answers[0] if len(answers) == 1 else replace(answers[-1], observed=several))
    return found
