"""From a platform's rows to the rows of an export: what a layout says, done in the database.

The file's cells stand in the temporary table `delivered`; the profile's SQL reads the view `staged` (the same
cells, cleaned, and what is computed of them) or `kept` (without the rows set aside) and makes the table `stage`.
"""

import re
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg import sql

from userops.errors import UseropsError
from userops.ingest.landing import Source
from userops.ingest.shapes import SHAPES
from userops.ingest.staged import Refused, Staged
from userops.platforms.layout import Clean, Layout, ProfileExport
from userops.privacy import keys
from userops.settings import Settings

AMOUNT = "^[+-]?([0-9]{1,18}|[0-9]{1,3}(,[0-9]{3}){1,5})([.][0-9]{1,18})?$"
# Each is one expression, so that the planner puts it into the profile's query instead of calling it.
FUNCTIONS = (
    r"""create or replace function pg_temp.number(cell text) returns numeric language sql immutable as $$ select case
        when cell ~ '^[+-]?[0-9]{1,18}([.][0-9]{1,18})?$' then cell::numeric
        when regexp_replace(cell, '^([+-]?)[¥￥$€£] ?| ?元$', '\1', 'g') ~ {amount}
            then replace(regexp_replace(cell, '^([+-]?)[¥￥$€£] ?| ?元$', '\1', 'g'), ',', '')::numeric end $$""",
    r"""create or replace function pg_temp.instant(cell text) returns timestamptz language sql stable as $$ select case
        when cell ~ {instant} then cell::timestamptz
        when regexp_replace(cell, ' ([+-])', '\1') ~ {instant}
            then regexp_replace(cell, ' ([+-])', '\1')::timestamptz end $$""",
    r"""create or replace function pg_temp.pseudonym(prefix text, name text) returns text language sql stable as $$
    select prefix || '_' || left(encode(sha256(convert_to(
        current_setting('userops.pseudonym_key') || name, 'UTF8')), 'hex'), 32) $$""",
)


@dataclass(frozen=True)
class Night:
    """What a profile's SQL may know besides the file."""

    settings: Settings
    business_date: date


def apply_layout(
    connection: psycopg.Connection, night: Night, source: Source, export: str,
    columns: tuple[set[str], set[str]], staged: Staged,
) -> None:
    """Make `stage` from `delivered`; `columns` are the staging names there and the names the file has.

    Raises Refused where the file is not to be believed or lacks a column.
    """
    layout = source.layout
    try:
        _prepare(connection, night, layout, export)
        literals = _literals(connection, night, layout)
        _stage_rows(connection, layout, layout.exports[export], columns[0], literals)
        _refuse(connection, source, literals)
        _require(layout, columns[1], source)
        _select(connection, layout.exports[export], literals)
    except psycopg.DataError as error:
        # The database's own words would show the cell.
        raise Refused("profile", "contract", f"a cell that the profile's SQL cannot read ({type(error).__name__})",
                      f"cells that platforms/{layout.profile}.yml reads",
                      f"look for an unusual cell in {source.name}, and read it by pg_temp.number or pg_temp.instant"
                      ) from error
    except psycopg.ProgrammingError as error:
        raise UseropsError(
            f"platforms/{layout.profile}.yml, {export}: its SQL does not run: {error.diag.message_primary}.",
            fix="fix the `select`, `set_aside` or `refuse` of that layout.",
        ) from error
    _account(connection, layout.exports[export], source, staged)
    connection.execute("drop view kept, staged, pages")


def _stage_rows(
    connection: psycopg.Connection, layout: Layout, rules: ProfileExport, present: set[str], literals: dict[str, str]
) -> None:
    """The view `staged`: of the columns cleaned and the ones computed, those that this export has a use for."""
    columns, levels = _needed(layout, rules)
    cells = [_cleaned(layout.clean, column, column in present) for column in columns] + [sql.SQL("_row")]
    body: sql.Composable = sql.SQL("select {} from delivered").format(sql.SQL(", ").join(cells))
    for level in levels:
        computed = [
            sql.SQL("({}) as {}").format(sql.SQL(_with_values(layout.compute[name], literals)), sql.Identifier(name))
            for name in level
        ]
        # `offset 0`: worked out once a row, not wherever it is used.
        body = sql.SQL("select *, {} from ({} offset 0) as before").format(sql.SQL(", ").join(computed), body)
    if layout.clean != Clean() or levels:
        connection.execute(sql.SQL("create temp table prepared on commit drop as {}").format(body))
        body = sql.SQL("select * from prepared")
    connection.execute(sql.SQL("create temp view pages as {}").format(body))
    connection.execute("create temp view staged as select * from pages where _row > 0")


def _needed(layout: Layout, rules: ProfileExport) -> tuple[list[str], list[list[str]]]:
    """The staging columns that an export's SQL names, and the computed ones, level by level.

    A computed column stands above those it names, which come before it in the layout.
    """
    words = set(_words(rules.select))
    for rule in (*rules.set_aside, *layout.refuse):
        words |= _words(rule.when)
    for name in reversed(layout.compute):
        if name in words:
            words |= _words(layout.compute[name])
    depths: dict[str, int] = {}
    for name, expression in layout.compute.items():
        if name in words:
            depths[name] = 1 + max((depths[other] for other in _words(expression) if other in depths), default=-1)
    levels = [[name for name in depths if depths[name] == depth] for depth in sorted(set(depths.values()))]
    return [column for column in layout.columns if column in words], levels


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]*", text))


def _cleaned(clean: Clean, column: str, is_present: bool) -> sql.Composable:
    """A cell as text without what `clean` takes off it; null where it then is empty or the file has no such column."""
    if not is_present:
        return sql.SQL("null::text as {}").format(sql.Identifier(column))
    cell: sql.Composable = sql.Identifier(column)
    ends = sql.Literal(clean.strip + " ")
    if clean != Clean():
        cell = sql.SQL("btrim({}, {})").format(cell, ends)
    if clean.unwrap:
        # Written without quotes of its own, `="12"` reaches us as `=12`.
        bare = sql.SQL("btrim(regexp_replace({}, {}, {}), {})").format(
            cell, sql.Literal('^="?([^"]*)"?$'), sql.Literal("\\1"), ends
        )
        cell = sql.SQL("case when left({cell}, 1) = '=' then {bare} else {cell} end").format(cell=cell, bare=bare)
    for word in ("", *clean.missing):
        cell = sql.SQL("nullif({}, {})").format(cell, sql.Literal(word))
    return sql.SQL("{} as {}").format(cell, sql.Identifier(column))


def _refuse(connection: psycopg.Connection, source: Source, literals: dict[str, str]) -> None:
    """Judge the file as a whole by what the layout says of files that are not to be believed."""
    for rule in source.layout.refuse:
        when = sql.SQL(_with_values(rule.when, literals))
        rows = sql.SQL("pages" if rule.pages else "staged")
        if connection.execute(sql.SQL("select {} from {}").format(when, rows)).fetchone()[0]:
            raise Refused("suspect_file", "manifest", rule.reason, "a whole answer of the platform",
                          rule.fix or f"have {source.name} fetched again")


def _require(layout: Layout, present: set[str], source: Source) -> None:
    """Every staging column that is not optional must be there under one of its spellings."""
    found = {layout.header[name] for name in present if name in layout.header}
    missing = [column for column in layout.columns if column not in found and column not in layout.optional]
    if missing:
        spellings = [name for name, column in layout.header.items() if column == missing[0]]
        raise Refused("header", "contract", f"no column {' or '.join(spellings)}",
                      f"every column of profile {layout.profile}",
                      f"is it a file of {layout.profile} ({', '.join(layout.files)})? Have it exported with that"
                      f" column, or add its spelling to `header` in platforms/{layout.profile}.yml")


def _select(connection: psycopg.Connection, rules: ProfileExport, literals: dict[str, str]) -> None:
    cases = [
        sql.SQL("when {} then {}").format(sql.SQL(_with_values(rule.when, literals)), sql.Literal(rule.reason))
        for rule in rules.set_aside
    ]
    reason = sql.SQL("case {} end").format(sql.SQL(" ").join(cases)) if cases else sql.SQL("null::text")
    connection.execute(
        sql.SQL("create temp table aside on commit drop as select * from"
                " (select _row, {} as reason from staged{}) as judged where reason is not null").format(
            reason, sql.SQL("" if cases else " where false")
        )
    )
    connection.execute(
        "create temp view kept as select * from staged"
        " where not exists (select from aside where aside._row = staged._row)"
    )
    select = sql.SQL(_with_values(rules.select, literals))
    connection.execute(sql.SQL("create temp table stage on commit drop as {}").format(select))


def _prepare(connection: psycopg.Connection, night: Night, layout: Layout, export: str) -> None:
    """The functions the SQL may call; a pseudonym is keyed, so that nobody finds names by trying them."""
    written = " ".join([layout.exports[export].select, *layout.compute.values()])
    if "pg_temp.pseudonym" in written:
        keys.require(connection, night.settings)
        connection.execute("select set_config('userops.pseudonym_key', %s, true)", [keys.pseudonym_key(connection)])
    for function in FUNCTIONS:
        connection.execute(
            function.replace("{amount}", _quoted(AMOUNT)).replace("{instant}", _quoted(SHAPES["timestamptz"]))
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literals(connection: psycopg.Connection, night: Night, layout: Layout) -> dict[str, str]:
    settings = night.settings
    standing = {"business_date": night.business_date, "currency": settings.currency, "timezone": settings.timezone}
    return {name: sql.Literal(value).as_string(connection) for name, value in (layout.values | standing).items()}


def _with_values(text: str, literals: dict[str, str]) -> str:
    """The SQL with `:name` replaced by the literal of that name; `::type` stays a cast."""
    return re.sub(r"(?<![:\w]):([a-z][a-z0-9_]*)\b", lambda found: literals.get(found[1], found[0]), text)


def _account(connection: psycopg.Connection, rules: ProfileExport, source: Source, staged: Staged) -> None:
    """Every source row is in the export or in quarantine, where the export answers for them."""
    if not (rules.row_per_line or rules.split_lines):
        staged.rows, staged.bad = _count(connection), []
        return
    connection.execute("delete from stage using aside where stage._row = aside._row")
    staged.set_aside = connection.execute("select _row, reason from aside order by _row").fetchall()
    if len(staged.set_aside) > rules.max_set_aside_share * staged.rows:
        raise Refused("set_aside", "contract", f"{len(staged.set_aside)} of {staged.rows} rows set aside",
                      f"at most {rules.max_set_aside_share:.1%}",
                      f"look at {source.name}: it is not what the profile expects")
    if rules.split_lines:
        lost = connection.execute(
            "select count(*) from kept where not exists (select from stage where stage._row = kept._row)"
        ).fetchone()[0]
        if lost:
            raise Refused("rows_accounted", "manifest", f"{lost} of {staged.rows} rows gave no row of the export",
                          "every row loaded or set aside", "give the profile a `set_aside` rule for them")
        staged.rows = _count(connection) + len(staged.set_aside) + len(staged.bad)


def _count(connection: psycopg.Connection) -> int:
    return connection.execute("select count(*) from stage").fetchone()[0]
