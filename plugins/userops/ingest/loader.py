"""Load an export's files into its raw table: one transaction a file, all of it or nothing."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from userops.checks import CheckResult
from userops.contracts.model import Contract, load_contracts
from userops.errors import EXIT_FAILED, UseropsError
from userops.ingest import load_log, row_validation
from userops.ingest.landing import MANIFEST, Folder, Source, list_folder, local_copy, stamp_of
from userops.ingest.staged import Refused, Staged
from userops.ingest.staging import raw_texts, stage_file
from userops.privacy import identifiers
from userops.settings import Settings
from userops.warehouse import lease

# One row may come again on a quiet day, and a few may all be corrections.
LEAST_ROWS_TO_REPEAT, LEAST_ROWS_TO_DATE = 5, 20


@dataclass(frozen=True)
class File:
    """One file on its way in, and what it is judged against."""

    contract: Contract
    source: Source
    path: Path
    sha256: str
    size: int
    business_date: date
    run_id: str
    promised: dict | None
    stamp: tuple
    token: int | None

    @property
    def ending(self) -> str:
        """Format and packing, as the name says them."""
        return f".{self.source.format}{self.source.packed}"


def load_export(
    connection: psycopg.Connection, settings: Settings, export: str, business_date: date, run_id: str,
    token: int | None = None,
) -> list[CheckResult]:
    """Load every file of the export in the folder of that date; returns what was asked of each, and the answers.

    With `token` every commit checks that the run was not superseded: one that was paused brings nothing of its own.
    """
    folder = list_folder(settings, business_date)
    if not folder.exists:
        # Not a delivery without files: a landing place out of reach. What it brought so far stays.
        raise UseropsError(f"The folder {business_date} of the landing place has gone while it was read.",
                           fix="run the night again when it is back.", exit_code=EXIT_FAILED)
    contract = load_contracts()[export]
    sources = folder.of(export)
    connection.commit()
    with lease.transaction(connection, token):
        load_log.forget_missing(connection, export, business_date, [source.name for source in sources])
    results: list[CheckResult] = []
    for source in sources:
        with local_copy(settings, source) as (path, sha256, size, stamp):
            promised = folder.promised(source.name)
            results += _load_file(
                connection, settings,
                File(contract, source, path, sha256, size, business_date, run_id, promised, stamp, token),
            )
    return results + _empty(connection, contract, folder, business_date)


def gone(export: str) -> CheckResult:
    """The answer where an export was delivered when the night began and its load finds no file any more."""
    return CheckResult("file_there", "manifest", export, "critical", False, "no file any more",
                       "the files as delivered", f"deliver {export} again and run again")


def _load_file(connection: psycopg.Connection, settings: Settings, file: File) -> list[CheckResult]:
    if load_log.is_loaded(connection, file.contract.name, file.business_date, file.source.name, file.sha256):
        connection.commit()
        return [_result(file, "file_loaded", "manifest", True, "loaded before, unchanged", "loaded")]
    connection.commit()
    try:
        with lease.transaction(connection, file.token):
            return _load_whole(connection, settings, file)
    except Refused as refused:
        with lease.transaction(connection, file.token):
            load_log.write_refusal(connection, file, f"{refused.check}: {refused.observed}")
        return [
            _result(file, refused.check, refused.layer, False, refused.observed, refused.expected, refused.fix)
        ]


def _load_whole(connection: psycopg.Connection, settings: Settings, file: File) -> list[CheckResult]:
    """Everything of one file inside the caller's transaction."""
    contract, name = file.contract, file.source.name
    _check_digest(connection, file)
    connection.execute("select set_config('TimeZone', %s, true)", [settings.timezone])
    _drop_stages(connection)
    staged = stage_file(connection, settings, contract, file.source, file.path, file.business_date)
    _check_rows_promised(file, staged)
    _check_shape(connection, file, staged)
    night = row_validation.Night(file.business_date, settings.timezone)
    connection.execute(
        sql.SQL("create temp table judged on commit drop as {}").format(row_validation.judged(contract, night))
    )
    row_set_hash, newest = _measured(connection) if contract.mode == "delta" else (None, None)
    _check_repeat(connection, file, staged.rows, row_set_hash)
    bad = _take_bad(connection, file, staged)
    conflicts = _check_conflicts(connection, file, staged)
    _check_date(connection, file, staged, newest)
    identifiers.fill_vault(connection, settings, contract)
    load_log.replace_earlier(connection, contract.name, file.business_date, name)
    load_id = load_log.write_load(connection, file, staged, len(bad), row_set_hash)
    loaded = _insert(connection, contract, load_id, file.business_date)
    if loaded + len(bad) != staged.rows:
        raise Refused("rows_accounted", "manifest", f"{loaded} loaded and {len(bad)} set aside of {staged.rows}",
                      "every row loaded or set aside", f"{name} was split in two ways: look at its quoting")
    _quarantine(connection, file, load_id, staged, bad)
    _check_unchanged(file)
    return _answers(file, staged, bad, conflicts)


def _drop_stages(connection: psycopg.Connection) -> None:
    connection.execute("drop view if exists pg_temp.kept, pg_temp.staged, pg_temp.pages")
    for table in ("stage", "prepared", "delivered", "aside", "judged"):
        connection.execute(sql.SQL("drop table if exists pg_temp.{}").format(sql.Identifier(table)))


def _check_digest(connection: psycopg.Connection, file: File) -> None:
    if file.promised is not None and str(file.promised.get("sha256")).lower() != file.sha256:
        raise Refused("manifest_sha256", "manifest", f"sha256 {file.sha256[:12]}…", "the manifest's sha256",
                      f"have {file.source.name} delivered again: it changed on its way")


def _check_unchanged(file: File) -> None:
    """The bytes are read more than once (sum, rows, texts of bad rows): all must have been the same file."""
    try:
        unchanged = stamp_of(file.path) == file.stamp
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        raise Refused("file_unchanged", "manifest", "it changed while it was read", "a file that stays as delivered",
                      f"write {file.source.name} beside the folder and move it in when it is whole; run again")


def _check_rows_promised(file: File, staged: Staged) -> None:
    promised = (file.promised or {}).get("rows")
    if promised is not None and promised != staged.source_rows:
        raise Refused("manifest_rows", "manifest", f"{staged.source_rows} rows", f"{promised} rows by the manifest",
                      f"have {file.source.name} delivered again: rows are missing or too many")


def _check_shape(connection: psycopg.Connection, file: File, staged: Staged) -> None:
    """What files of this export had before and this one lacks: a column that may be empty, the end of the last line."""
    before = load_log.shape_before(connection, file)
    if before is None or not staged.rows:
        return
    day, columns, ended = before
    layout = file.source.layout
    known = set(layout.columns) - set(layout.optional) if layout else {column.name for column in file.contract.columns}
    lost = sorted((set(columns or ()) & known) - set(staged.columns or columns or ()))
    if lost:
        raise Refused("header", "contract", f"no column {', '.join(lost)}", f"the columns of the file of {day}",
                      f"deliver {file.source.name} with it, or take it out of contracts/{file.contract.name}.yml")
    if ended and not staged.ends_line and file.promised is None:
        raise Refused("file_whole", "manifest", "the last line has no end", f"a line end, as in the file of {day}",
                      f"have {file.source.name} delivered again, or with a {MANIFEST}")


def _measured(connection: psycopg.Connection) -> tuple[str, date | None]:
    """Of a delta: what is the same for the same rows in any order, and the newest day among the good ones."""
    return connection.execute(
        "select count(*) || ':' || coalesce(sum(_hash), 0), (max(updated_at) filter (where _reason is null))::date"
        " from judged"
    ).fetchone()


def _check_repeat(connection: psycopg.Connection, file: File, rows: int, row_set_hash: str | None) -> None:
    """An unchanged snapshot is normal; a delta that came before under another date is a stale delivery."""
    if file.contract.mode != "delta" or rows < LEAST_ROWS_TO_REPEAT:
        return
    earlier = load_log.same_content(connection, file, row_set_hash)
    if earlier:
        day, how = earlier
        raise Refused("file_repeated", "manifest", f"{how} as delivered for {day}", "rows of this business date",
                      f"have the {file.contract.name} of {file.business_date} delivered")


def _take_bad(connection: psycopg.Connection, file: File, staged: Staged) -> list[tuple[int, str]]:
    """Take the bad rows out of `judged`; above the contract's share the file is refused."""
    bad = connection.execute("select _row, _reason from judged where _reason is not null order by _row").fetchall()
    bad += [(record.row, record.reason) for record in staged.bad]
    _check_clock(file, [reason for _, reason in bad])
    limit = file.contract.max_bad_share
    if len(staged.bad) > limit * staged.rows:
        raise Refused("field_count", "manifest", _summary(bad, staged.rows), f"at most {limit:.1%} of the rows",
                      f"have {file.source.name} delivered again: its delimiters or quotes have shifted")
    if len(bad) > limit * staged.rows:
        raise Refused("bad_rows", "contract", _summary(bad, staged.rows), f"at most {limit:.1%} of the rows",
                      f"fix the rows in the source and deliver {file.source.name} again")
    if bad:
        connection.execute("delete from judged where _reason is not null")
    return bad + staged.set_aside


def _check_clock(file: File, reasons: list[str]) -> None:
    """One local time that does not exist, or exists twice, shows that the file's times are not what they seem."""
    odd = [reason for reason in reasons if reason.endswith((row_validation.CLOCK_GAP, row_validation.CLOCK_TWICE))]
    if odd:
        raise Refused("clock_change", "contract", f"{len(odd)} rows: {odd[0]}", "local times that exist once",
                      f"deliver {file.source.name} with time zone offsets, or set USEROPS_TIMEZONE aright")


def _summary(bad: list[tuple[int, str]], rows: int) -> str:
    counts: dict[str, int] = {}
    for _, reason in bad:
        counts[reason] = counts.get(reason, 0) + 1
    worst = sorted(counts.items(), key=lambda item: -item[1])[:3]
    return f"{len(bad)} of {rows} rows: " + ", ".join(f"{reason} ({count})" for reason, count in worst)


def _check_conflicts(connection: psycopg.Connection, file: File, staged: Staged) -> int:
    """One key with two contents at the same instant cannot be decided by versions.

    A later line that only fills what was empty says nothing else than the earlier one.
    """
    contract = file.contract
    names = [*contract.key, *(["updated_at"] if contract.mode == "delta" else [])]
    key = sql.SQL(", ").join(sql.Identifier("judged", name) for name in names)
    content = sql.SQL(", ").join(sql.Identifier("stage", column.name) for column in contract.columns)
    differ = sql.SQL(" or ").join(
        sql.SQL("count(distinct {}) > 1").format(sql.Identifier("stage", column.name))
        for column in contract.columns if column.name not in names
    )
    # Most files repeat no key: only those that do pay for comparing contents.
    repeats = sql.SQL("select from judged group by {} having count(*) > 1 limit 1").format(key)
    if connection.execute(repeats).fetchone() is None:
        return 0
    conflicts = connection.execute(
        sql.SQL("select coalesce(sum(extra), 0)::bigint from (select count(distinct row({})::text) - 1 as extra"
                " from judged inner join stage on stage.ctid = judged._place"
                " group by {} having count(*) > 1 and ({})) as repeated").format(content, key, differ)
    ).fetchone()[0]
    limit = contract.max_conflict_share
    if conflicts > limit * staged.rows:
        raise Refused("key_conflicts", "contract", f"{conflicts} of {staged.rows} rows repeat a key with other content",
                      f"at most {limit:.1%}", f"find out which of the rows of {file.source.name} hold; deliver again")
    return conflicts


def _check_date(connection: psycopg.Connection, file: File, staged: Staged, newest: date | None) -> None:
    """A delta of this size has rows of its own date (an optional one within its freshness): else it is another's.

    The first delivery of an optional export is its past, which may have ended some time ago.
    """
    contract = file.contract
    if contract.mode != "delta" or staged.rows < LEAST_ROWS_TO_DATE:
        return
    required = contract.required and file.source.required
    if not required and not load_log.came_before(connection, contract.name, file.business_date):
        return
    oldest = file.business_date - timedelta(days=0 if required else contract.freshness_days)
    if newest is not None and newest < oldest:
        raise Refused("business_date", "contract", f"newest change on {newest}", f"changes of {file.business_date}",
                      f"{file.source.name} is of another date: have that of {file.business_date} delivered")


def _insert(connection: psycopg.Connection, contract: Contract, load_id: int, business_date: date) -> int:
    columns = [sql.Identifier(column.name) for column in contract.columns]
    hashes = [sql.Identifier(f"{column.name}_hash") for column in contract.identifiers]
    values = [sql.Identifier("judged", column.name) for column in contract.columns]
    values += [sql.Identifier(f"v_{column.name}", "hash") for column in contract.identifiers]
    joins = [
        sql.SQL("left join vault.identifiers as {v} on {v}.kind = {kind} and {v}.raw_value = judged.{c}").format(
            v=sql.Identifier(f"v_{c.name}"), kind=sql.Literal(c.identifier), c=sql.Identifier(c.name)
        )
        for c in contract.identifiers
    ]
    return connection.execute(
        sql.SQL("insert into {} ({}, _load_id, _line, _business_date) select {}, {}, _row, {} from judged {}").format(
            sql.Identifier("raw", contract.name),
            sql.SQL(", ").join(columns + hashes),
            sql.SQL(", ").join(values),
            sql.Literal(load_id),
            sql.Literal(business_date),
            sql.SQL(" ").join(joins),
        )
    ).rowcount


def _quarantine(
    connection: psycopg.Connection, file: File, load_id: int, staged: Staged, bad: list[tuple[int, str]]
) -> None:
    unheaded = 0 if file.source.format == "csv" else 1
    texts = {record.row: record for record in staged.bad}
    texts |= raw_texts(file.source, file.path, file.contract, {row for row, _ in bad} - set(texts))
    with connection.cursor().copy(
        "copy quarantine.rows (load_id, business_date, export, file_name, line, raw_text, reason) from stdin"
    ) as copy:
        for row, reason in bad:
            # A row that a profile adds of its own stands on no line of the file.
            line, text = (texts[row].line - unheaded, texts[row].text) if row in texts else (0, "")
            copy.write_row((load_id, file.business_date, file.contract.name, file.source.name, line, text, reason))


def _answers(file: File, staged: Staged, bad: list[tuple[int, str]], conflicts: int) -> list[CheckResult]:
    results = [
        _result(file, "file_loaded", "manifest", True, f"{staged.rows} rows", "every row loaded or set aside"),
        _result(file, "bad_rows", "contract", True, _summary(bad, staged.rows) if bad else "none",
                f"at most {file.contract.max_bad_share:.1%} of the rows"),
    ]
    if conflicts:
        results.append(_result(file, "key_conflicts", "contract", False, f"{conflicts} rows repeat a key",
                               "one content for a key and instant", "the later line holds", "info"))
    if staged.unknown_columns:
        # A platform's file has many columns that nobody reads: those are no news.
        severity, whose = ("info", "profile") if file.source.layout else ("warning", "contract")
        results.append(_result(file, "unknown_columns", "contract", False, _named(staged.unknown_columns),
                               f"the {whose}'s columns", f"add them to the {whose}, or have them left out", severity))
    return results


def _named(names: list[str]) -> str:
    """Names as they go into books and alerts: a hostile header holds thousands, or one of megabytes."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(name[:60] for name in names[:10]) + more


def _empty(
    connection: psycopg.Connection, contract: Contract, folder: Folder, business_date: date
) -> list[CheckResult]:
    """A required export or a snapshot that came without one row; an optional delta may be empty."""
    sources = folder.of(contract.name)
    if not sources or not (any(source.required for source in sources) or contract.mode == "snapshot"):
        return []
    states = load_log.rows_in_folder(connection, contract.name, business_date)
    connection.commit()
    if not states or sum(states):
        return []
    names = ", ".join(source.name for source in sources)
    return [CheckResult("not_empty", "manifest", contract.name, "critical", False, "0 rows", "at least one row",
                        f"{names}: have {contract.owner} deliver {contract.name} again")]


def _result(
    file: File, check: str, layer: str, passed: bool, observed: str, expected: str, fix: str = "",
    severity: str = "critical",
) -> CheckResult:
    detail = f"{file.source.name}: {fix}" if fix else file.source.name
    return CheckResult(check, layer, file.contract.name, severity, passed, observed, expected, detail)
