"""Erase a person: from lake, quarantine and vault at once, from `build` and every kept version by the next publication.

Every key any version of which names an erased contact goes with all its versions, and so does one known only by
identifiers that no other contact carries; orders stay without any identifier. The id is refused for ever: each run
looks through what it stored, so that an old file delivered again brings nobody back. What was done is in
`meta.erasure_log`, without an identifier.
"""

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as parquet

from userops.contracts.model import Contract, load_contracts
from userops.errors import UseropsError
from userops.lake import Lake, arrow_schema, create_view, loads
from userops.lake.files import next_revision, path_of
from userops.lake.session import Session, open_session
from userops.lake.sweep import delete_due
from userops.privacy import keys, lake_erasure
from userops.privacy.lake_erasure import CARRIERS, CONTACTS, REQUESTS, Found
from userops.settings import Settings
from userops.warehouse import lease
from userops.warehouse.connection import connect

MEMORY = "1GiB"
# A regular expression of more words than these is slower than several.
WORDS_AT_ONCE = 500
ANYBODY = """
    select exists (select from meta.erased_contacts)
        or exists (select from meta.load_files where export = %s and state in ('loaded', 'waived') and rows_loaded > 0)
"""


def apply(connection: psycopg.Connection, settings: Settings, business_date: date, token: int | None = None) -> int:
    """Carry out the requests known by the end of the date, in the role loader; returns the rows that went.

    Idempotent. All loads are searched if a request is new, or a refused row of an erased contact tells an identifier
    that was not known as theirs; else only loads since the last time. Commits, and with `token` only if the run was
    not superseded.
    """
    connection.commit()
    if not connection.execute(ANYBODY, [REQUESTS]).fetchone()[0]:
        connection.commit()
        return 0
    connection.commit()
    lake = Lake(settings.lake)
    with _session(settings) as session, lease.transaction(connection, token):
        rows = _carry_out(connection, session, lake, business_date)
    delete_due(connection, lake, token)
    return rows


def on_request(settings: Settings, url: str, contact_id: str, scope: str, *, person: bool = False) -> date:
    """Write and carry out a request made by hand; returns the business date to publish again to complete it.

    With `person` the same is done to every contact of the person's user.
    """
    lake = Lake(settings.lake)
    # The owner of the database: like a run, this needs the right to write.
    with _session(settings) as session, connect(url) as connection:
        with connection.transaction():
            lease.acquire_in(connection, "erase")
            day = _published(connection)
            _open_lake(connection, session.database, lake, [CONTACTS])
            contacts = [contact_id, *(others(connection, contact_id) if person else [])]
            if not _is_known(session.database, contact_id):
                raise UseropsError(f"No contact {contact_id!r} is known.", fix="give its id in the export `contacts`.")
            for one in contacts:
                request(connection, lake, session.scratch, one, scope, day)
            _carry_out(connection, session, lake, day)
        delete_due(connection, lake)
    return day


def others(connection: psycopg.Connection, contact_id: str) -> list[str]:
    """The other contacts of the person, as the last build joined them."""
    if connection.execute("select to_regclass('build.map_contact_user')").fetchone()[0] is None:
        return []
    rows = connection.execute(
        "select others.contact_id from build.map_contact_user as own"
        " inner join build.map_contact_user as others using (user_id)"
        " where own.contact_id = %(contact)s and others.contact_id <> %(contact)s order by 1",
        {"contact": contact_id},
    ).fetchall()
    return [row[0] for row in rows]


def request(
    connection: psycopg.Connection, lake: Lake, scratch: Path, contact_id: str, scope: str, business_date: date
) -> str:
    """Write a request that a person made by command rather than by file; returns its id. The caller commits."""
    now = connection.execute("select clock_timestamp()").fetchone()[0]
    request_id = f"cli-{now:%Y%m%d%H%M%S%f}"
    load_id = loads.insert(connection, loads.Load(
        business_date, loads.BY_HAND, REQUESTS, request_id, "", 0, "loaded", rows_in_file=1
    ))  # fmt: skip
    row = {
        "request_id": request_id, "contact_id": contact_id, "requested_at": now, "scope": scope, "updated_at": now,
        "_load_id": load_id, "_line": 1, "_business_date": business_date, "_source": loads.BY_HAND,
    }  # fmt: skip
    file = scratch / "request.parquet"
    parquet.write_table(pa.Table.from_pylist([row], arrow_schema(load_contracts()[REQUESTS])), file, compression="zstd")
    path = path_of(REQUESTS, load_id, 0)
    lake.put(file, path)
    loads.set_path(connection, load_id, path)
    return request_id


def _session(settings: Settings) -> AbstractContextManager[Session]:
    return open_session(settings.memory_limit or MEMORY, settings.threads, settings.home / "tmp")


def _published(connection: psycopg.Connection) -> date:
    row = connection.execute(
        "select publications.business_date from meta.publications inner join meta.pointer using (version)"
    ).fetchone()
    if row is None:
        raise UseropsError("Nothing was ever published, so nobody can be erased.", fix="run a delivered date first.")
    return row[0]


def _is_known(database: duckdb.DuckDBPyConnection, contact_id: str) -> bool:
    found = database.execute(f"select count(*) from raw.{CONTACTS} where contact_id = $1", [contact_id])
    return bool(found.fetchall()[0][0])


def _carry_out(connection: psycopg.Connection, session: Session, lake: Lake, business_date: date) -> int:
    """Everything of one erasure inside the caller's transaction."""
    database = session.database
    keys.share(connection)
    _open_lake(connection, database, lake, [*CARRIERS, REQUESTS])
    everything = _note_requests(connection, database, business_date)
    if not connection.execute("select exists (select from meta.erased_contacts)").fetchone()[0]:
        return 0
    everything = _note_identifiers(connection, database) or everything
    newest, searched = connection.execute(
        "select (select coalesce(max(load_id), 0) from meta.load_files),"
        " (select max(load_id) from meta.erased_contacts)"
    ).fetchone()
    since = 0 if everything else searched
    rows = _erase_quarantined(connection, since)
    for contract in load_contracts().values():
        if lake_erasure.names_people(contract):
            rows += _erase_export(connection, session, lake, contract, since)
    rows += _erase_from_vault(connection)
    if everything:
        _delete_old_files(connection)
    connection.execute("update meta.erased_contacts set load_id = %s", [newest])
    return rows


def _open_lake(
    connection: psycopg.Connection, database: duckdb.DuckDBPyConnection, lake: Lake, exports: list[str]
) -> dict[str, list[loads.LakeFile]]:
    """Make `raw.<export>` known: the rows of all loads, waived ones too."""
    lake.register(database)
    database.execute("create schema if not exists raw")
    files = loads.files_as_of(connection, date.max, lake.url, exports, loads.KEPT_STATES)
    for export in exports:
        create_view(database, f"raw.{export}", load_contracts()[export], [file.url for file in files.get(export, [])])
    return files


def _note_requests(
    connection: psycopg.Connection, database: duckdb.DuckDBPyConnection, business_date: date
) -> bool:
    """Whether a request came that was not carried out yet; the table `erased_contacts` holds all of them."""
    new = 0
    for contact_id, request_id in lake_erasure.requested(database, business_date):
        new += connection.execute(
            "insert into meta.erased_contacts (contact_id, request_id, load_id) values (%s, %s, 0)"
            " on conflict do nothing",
            [contact_id, request_id],
        ).rowcount
    rows = connection.execute("select contact_id, request_id from meta.erased_contacts").fetchall()
    _table(database, "erased_contacts", ("contact_id", "request_id"), rows)
    return bool(new)


def _note_identifiers(connection: psycopg.Connection, database: duckdb.DuckDBPyConnection) -> bool:
    """Keep the hashes that erased contacts alone carried; `erasing`, here and there, are those nobody else carries now.

    Returns whether one was not known yet.
    """
    lake_erasure.carried(database, [load_contracts()[name] for name in CARRIERS])
    new = []
    for kind, hashed, request_id in lake_erasure.theirs_alone(database):
        new += connection.execute(
            "insert into meta.erased_identifiers (kind, hash, request_id) values (%s, %s, %s) on conflict do nothing"
            " returning kind, hash, request_id",
            [kind, hashed, request_id],
        ).fetchall()
    _note_user_ids(connection, new)
    known = connection.execute("select kind, hash, request_id from meta.erased_identifiers").fetchall()
    _table(database, "known_erased", ("kind", "hash", "request_id"), known)
    database.execute(
        "create or replace table erasing as select * from known_erased as known where not exists (select 1 from carried"
        " where carried.kind = known.kind and carried.hash = known.hash and carried.request_id is null)"
    )
    connection.execute("create temp table erasing (kind text, hash text, request_id text) on commit drop")
    with connection.cursor().copy("copy erasing from stdin") as copy:
        for row in database.execute("select kind, hash, request_id from erasing").fetchall():
            copy.write_row(row)
    return bool(new)


def _note_user_ids(connection: psycopg.Connection, identifiers: list[tuple[str, str, str]]) -> None:
    """Ids that users may have by these identifiers: the macro `user_id_of` of the dbt project makes them so."""
    row = connection.execute("select key from meta.id_key").fetchone()
    for kind, hashed, request_id in identifiers if row else []:
        first = connection.execute(
            "select first_hash from meta.first_hashes where kind = %s and hash = %s", [kind, hashed]
        ).fetchone()
        digest = sha256(f"{row[0]}:user:{kind}:{first[0] if first else hashed}".encode()).hexdigest()
        connection.execute(
            "insert into meta.erased_user_ids (user_id, request_id) values (%s, %s) on conflict do nothing",
            [f"u_{digest[:16]}", request_id],
        )


def _table(database: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    arrow = pa.table({column: pa.array([row[n] for row in rows], pa.string()) for n, column in enumerate(columns)})
    database.register("incoming", arrow)
    database.execute(f"create or replace table {name} as select * from incoming")
    database.unregister("incoming")


def _erase_export(
    connection: psycopg.Connection, session: Session, lake: Lake, contract: Contract, since: int
) -> int:
    """Rewrite the files that name erased people."""
    files = _open_lake(connection, session.database, lake, [contract.name]).get(contract.name, [])
    found = lake_erasure.find(session.database, contract, since)
    by_load = {file.load_id: file for file in files}
    for load_id in found.loads:
        file = by_load[load_id]
        target = session.scratch / "revision.parquet"
        went = lake_erasure.rewrite(session.database, contract, file.url, target)
        path = next_revision(file.path)
        lake.put(target, path)
        loads.replace_file(connection, load_id, path, went, loads.AT_ONCE)
    _erase_texts(connection, found)
    rows = _log(connection, f"raw.{contract.name}", found.rows)
    for column, mentions in found.mentions.items():
        rows += _log(connection, f"raw.{contract.name}.{column}", mentions)
    return rows


def _erase_texts(connection: psycopg.Connection, found: Found) -> None:
    """Personal texts of the rows that went or were emptied."""
    if not found.lines:
        return
    connection.execute("create temp table gone_lines (load_id bigint, line bigint) on commit drop")
    with connection.cursor().copy("copy gone_lines from stdin") as copy:
        for row in found.lines:
            copy.write_row(row)
    connection.execute(
        "delete from vault.personal_texts as texts using gone_lines as gone"
        " where texts.load_id = gone.load_id and texts.line = gone.line"
    )
    connection.execute("drop table gone_lines")


def _erase_from_vault(connection: psycopg.Connection) -> int:
    """Identifiers that nobody else carries, and the hashes they had first."""
    gone = connection.execute(
        "delete from vault.identifiers as kept using erasing"
        " where kept.kind = erasing.kind and kept.hash = erasing.hash returning erasing.request_id"
    ).fetchall()
    connection.execute(
        "delete from meta.first_hashes as firsts using erasing"
        " where firsts.kind = erasing.kind and firsts.hash = erasing.hash"
    )
    return _log(connection, "vault.identifiers", Counter(request_id for (request_id,) in gone).items())


def _erase_quarantined(connection: psycopg.Connection, since: int) -> int:
    """Set-aside lines that spell an erased contact's id or one of its identifiers, as whole words."""
    words = dict(connection.execute(
        "select contact_id, request_id from meta.erased_contacts union all"
        " select spelled.word, erasing.request_id from vault.identifiers as kept"
        " inner join erasing on kept.kind = erasing.kind and kept.hash = erasing.hash"
        " cross join lateral (values (kept.raw_value), (kept.value)) as spelled (word) where spelled.word is not null"
    ).fetchall())  # fmt: skip
    lines: dict[str, list[tuple[str, int, str]]] = {}
    for source, *line in connection.execute(
        "select files.source, rows.ctid::text, rows.load_id, rows.raw_text from quarantine.rows as rows"
        " inner join meta.load_files as files using (load_id) where rows.load_id > %s",
        [since],
    ):
        lines.setdefault(source, []).append(tuple(line))
    found: dict[str, tuple[int, str]] = {}
    for source, own in lines.items():
        found |= _lines_that_spell(words | _as_the_source_spells(words, source), own)
    connection.execute("delete from quarantine.rows where ctid = any(%s::tid[])", [list(found)])
    for load_id, count in Counter(load_id for load_id, _ in found.values()).items():
        connection.execute(
            "update meta.load_files set rows_quarantined = rows_quarantined - %s, rows_erased = rows_erased + %s"
            " where load_id = %s and state <> 'replaced'",
            [count, count, load_id],
        )
    return _log(connection, "quarantine.rows", Counter(request for _, request in found.values()).items())


def _as_the_source_spells(words: dict[str, str], source: str) -> dict[str, str]:
    """Ids of a source as its files have them, without its name in front."""
    start = f"{source}:"
    return {word.removeprefix(start): request for word, request in words.items() if word.startswith(start)}


def _lines_that_spell(words: dict[str, str], lines: list[tuple[str, int, str]]) -> dict[str, tuple[int, str]]:
    """Load and request of the lines (place, load, text) that hold one of the words, by place."""
    found: dict[str, tuple[int, str]] = {}
    longest_first = sorted(words, key=len, reverse=True)
    for start in range(0, len(longest_first), WORDS_AT_ONCE):
        some = longest_first[start : start + WORDS_AT_ONCE]
        pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, some))})(?![^\W_])")
        for place, load_id, text in lines:
            if place not in found and (match := pattern.search(text)):
                found[place] = (load_id, words[match[0]])
    return found


def _delete_old_files(connection: psycopg.Connection) -> None:
    """Replaced revisions that wait for their end may hold the person too."""
    exports = [contract.name for contract in load_contracts().values() if lake_erasure.names_people(contract)]
    connection.execute(
        "update meta.lake_deletions set delete_after = now() where split_part(path, '/', 2) = any(%s)", [exports]
    )


def _log(connection: psycopg.Connection, table: str, counts: Iterable[tuple[str, int]]) -> int:
    """Write down how many rows of a table each request took."""
    total = 0
    for request_id, count in counts:
        connection.execute(
            "insert into meta.erasure_log (request_id, table_name, rows) values (%s, %s, %s)",
            [request_id, table, count],
        )
        total += count
    return total
