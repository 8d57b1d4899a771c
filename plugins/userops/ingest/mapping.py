"""From a platform's rows to the rows of an export: what a layout says, done by DuckDB.

The file's cells are in the table `delivered`; the platform's SQL reads the view `staged` (the same cells, cleaned, and
what is computed of them) or `kept` (without the rows set aside) and makes the table `stage`.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from userops.contracts.model import Contract
from userops.errors import UseropsError, first_line
from userops.ingest import mapped_rows, shapes, source_damage, source_rules
from userops.ingest.clock import Clock
from userops.ingest.landing import DeliveredFile
from userops.ingest.outcome import Refused, Staged, above
from userops.ingest.scan import Scan
from userops.lake.sql import identifier, listed, literal
from userops.platforms.layout import Clean, Layout, PlatformExport
from userops.privacy.identifiers import normalise

PLAIN = "[+-]?[0-9]{1,18}([.][0-9]{1,18})?"
GROUPED = "[+-]?([0-9]{1,18}|[0-9]{1,3}(,[0-9]{3}){1,5})([.][0-9]{1,18})?"
# `1.234,50` and `10,50` are numbers only where the comma is the decimal mark.
WITH_COMMA = "[+-]?([0-9]{1,18}|[0-9]{1,3}([.][0-9]{3}){1,5}),[0-9]{1,18}"
MARKS = "'^([+-]?)([A-Z]{2,3} ?[$¥]? ?|[¥￥$€£] ?)|[ \u00a0\u202f]?[€£元]$', '\\1', 'g'"
UNITS = "'^([+-]?)[¥￥$€£] ?| ?元$', '\\1', 'g'"
# As many places as amounts and unit prices have; what is multiplied and shared out of them stays exact.
NUMBER = "decimal(24, 6)"
DATA_ERRORS = (duckdb.DataError, duckdb.InvalidInputException, duckdb.OperationalError)


@dataclass(frozen=True)
class Context:
    """What a platform's SQL may know besides the file.

    `pseudonym_key` gives the key of contact ids made of names; `open_history` makes `raw.<export>` known, the rows of
    earlier business dates. `clock` and `currency` are those of the file's source; `business_zone` names the time zone
    of the business. A phone number without a country's code is of `country`.
    """

    business_date: date
    clock: Clock
    currency: str
    pseudonym_key: Callable[[], str]
    open_history: Callable[[duckdb.DuckDBPyConnection, str], None]
    business_zone: str = ""
    country: str = "CN"


def apply_layout(
    database: duckdb.DuckDBPyConnection, context: Context, delivered: DeliveredFile, contract: Contract, scan: Scan,
    columns: tuple[set[str], set[str]], staged: Staged,
) -> None:  # fmt: skip
    """Make `stage` from `delivered`; `columns` are the staging names there and the names the file has.

    Raises Refused where the file is not to be believed or lacks a column.
    """
    layout, rules = delivered.layout, delivered.layout.exports[contract.name]
    try:
        _prepare(database, context, layout, rules, scan.traits.epoch)
        literals = _literals(context, layout, scan)
        _stage_rows(database, layout, contract, columns[0], literals, staged, scan)
        _refuse(database, delivered, literals)
        _require(layout, columns[1], delivered)
        _select(database, rules, literals, contract, delivered)
    except DATA_ERRORS as error:
        # The database's own words would show the cell.
        raise Refused("platform", "contract", f"a cell that the platform's SQL cannot read ({type(error).__name__})",
                      f"cells that platforms/{layout.platform}.yml reads",
                      f"look for an unusual cell in {delivered.name}, and read it by number() or instant()") from error
    except duckdb.Error as error:
        raise UseropsError(
            f"platforms/{layout.platform}.yml, {contract.name}: its SQL does not run: {first_line(error)}.",
            fix="fix the `select`, `set_aside` or `refuse` of that layout.",
        ) from error
    _account(database, contract, rules, delivered, staged)
    staged.relation, staged.row = "stage", "_row"
    staged.present = set(mapped_rows.types_of(database, "stage")) & {column.name for column in contract.columns}


def _stage_rows(
    database: duckdb.DuckDBPyConnection, layout: Layout, contract: Contract, present: set[str],
    literals: dict[str, str], staged: Staged, scan: Scan,
) -> None:  # fmt: skip
    """The view `staged`: of the columns cleaned and the ones computed, those that this export has a use for."""
    columns, levels = _needed(layout, layout.exports[contract.name])
    source_damage.refuse_lost_ids(database, layout, {
        column: _cleaned(layout.clean, column) for column in layout.columns if column in present
    })  # fmt: skip
    cleaned = {column: _cleaned(layout.clean, column) for column in columns if column in present}
    mended = source_damage.mend(database, layout, contract, cleaned, staged, scan.traits)
    cells = [f"{mended.get(column, 'null::varchar')} as {identifier(column)}" for column in columns]
    body = f"select {listed([*cells, '_place as _row'])} from {source_damage.GOOD}"
    if scan.rowless:
        body += f" union all select {listed([*cells, '_row'])} from {_rowless(database, layout, scan)}"
    for level in levels:
        computed = [f"({_with_values(layout.compute[name], literals)}) as {identifier(name)}" for name in level]
        body = f"select *, {listed(computed)} from ({body})"
    if (layout.clean != Clean() or levels) and _readings(layout, layout.exports[contract.name]) > 1:
        # Storing rows costs about as much as working them out once.
        database.execute(f"create or replace table prepared as {body}")
        body = "select * from prepared"
    database.execute(f"create or replace temp view pages as {body}")
    database.execute("create or replace temp view staged as select * from pages where _row > 0")


def _readings(layout: Layout, rules: PlatformExport) -> int:
    """How often the SQL of an export goes over the rows of the file."""
    return len(layout.refuse) + len(rules.set_aside) + len(re.findall(r"\b(?:pages|staged|kept)\b", rules.select))


def _rowless(database: duckdb.DuckDBPyConnection, layout: Layout, scan: Scan) -> str:
    """Pages without a row stand below row 1, where no export looks: `refuse` may ask for what they say."""
    names = [layout.header[name] for name in scan.header]
    columns = {
        name: pa.array([page[place] or None for page in scan.rowless], pa.string()) for place, name in enumerate(names)
    }
    table = pa.table(columns | {"_row": pa.array(range(-1, -len(scan.rowless) - 1, -1), pa.int64())})
    database.register("incoming", table)
    database.execute("create or replace table rowless as select * from incoming")
    database.unregister("incoming")
    return "rowless"


def _needed(layout: Layout, rules: PlatformExport) -> tuple[list[str], list[list[str]]]:
    """The staging columns that an export's SQL names, and the computed ones, level by level.

    A computed column stands above those it names, which come before it in the layout.
    """
    words = _words(rules.select)
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


def _cleaned(clean: Clean, column: str) -> str:
    """A cell as text without what `clean` takes off it; null where it then is empty."""
    cell, ends = identifier(column), literal(clean.strip + " ")
    if clean != Clean():
        cell = f"trim({cell}, {ends})"
    if clean.unwrap:
        # Written without quotes of its own, `="12"` reaches us as `=12`.
        bare = f"trim(regexp_replace({cell}, '^=\"?([^\"]*)\"?$', '\\1'), {ends})"
        cell = f"case when starts_with({cell}, '=') then {bare} else {cell} end"
    for word in ("", *clean.missing):
        cell = f"nullif({cell}, {literal(word)})"
    return cell


def _refuse(database: duckdb.DuckDBPyConnection, delivered: DeliveredFile, literals: dict[str, str]) -> None:
    """Judge the file as a whole by what the layout says of files that are not to be believed."""
    for rule in delivered.layout.refuse:
        rows = "pages" if rule.pages else "staged"
        if database.execute(f"select {_with_values(rule.when, literals)} from {rows}").fetchall()[0][0]:
            raise Refused("suspect_file", "manifest", rule.reason, "a whole answer of the platform",
                          rule.fix or f"have {delivered.name} fetched again")


def _require(layout: Layout, present: set[str], delivered: DeliveredFile) -> None:
    """Every staging column that is not optional must be there under one of its spellings."""
    found = set(layout.names_in(present).values())
    missing = [column for column in layout.columns if column not in found and column not in layout.optional]
    if missing:
        spellings = [name for name, column in layout.header.items() if column == missing[0]]
        raise Refused("header", "contract", f"no column {' or '.join(spellings)}",
                      f"every column of platform {layout.platform}",
                      f"is it a file of {layout.platform} ({', '.join(layout.files)})? Have it exported with that"
                      f" column, or add its spelling to `header` in platforms/{layout.platform}.yml")


def _select(
    database: duckdb.DuckDBPyConnection, rules: PlatformExport, literals: dict[str, str], contract: Contract,
    delivered: DeliveredFile,
) -> None:  # fmt: skip
    cases = [f"when {_with_values(rule.when, literals)} then {literal(rule.reason)}" for rule in rules.set_aside]
    if cases:
        database.execute(
            "create or replace table aside as select * from"
            f" (select _row, case {' '.join(cases)} end as reason from staged) where reason is not null"
        )
        kept = "select * from staged where _row not in (select _row from aside)"
    else:
        database.execute("create or replace table aside (_row bigint, reason varchar)")
        kept = "select * from staged"
    database.execute(f"create or replace temp view kept as {kept}")
    database.execute(f"create or replace temp view selected as {_with_values(rules.select, literals)}")
    types = mapped_rows.types_of(database, "selected")
    known = {column.name for column in contract.columns} | set(source_rules.helpers(contract)) | {"_row"}
    strange = sorted(set(types) - known)
    if strange:
        raise UseropsError(f"platforms/{delivered.layout.platform}.yml, {contract.name}: it selects {strange[0]!r}.",
                           fix=f"select columns that contracts/{contract.name}.yml names.")
    # Contracts read texts: what a platform computes is written as one.
    texts = listed([mapped_rows.as_text(contract, name, kind) for name, kind in types.items() if name != "_row"])
    selected = f"select _row::bigint as _row, {texts} from selected"
    database.execute(f"create or replace table stage as {source_rules.counted(delivered, contract, types, selected)}")


def _prepare(
    database: duckdb.DuckDBPyConnection, context: Context, layout: Layout, rules: PlatformExport,
    epoch: str | None = None,
) -> None:  # fmt: skip
    """The functions the SQL may call; a pseudonym is keyed, so that nobody finds names by trying them."""
    written = " ".join([rules.select, *layout.compute.values()])
    if "pseudonym(" in written:
        database.execute("set variable pseudonym_key = $1", [context.pseudonym_key()])
    if "is_phone(" in written:
        _know_phones(database, context.country)
    for export in re.findall(r"\braw\.([a-z_]+)", written):
        context.open_history(database, export)
    bare = f"regexp_replace(cell, {UNITS})"
    spaced = "regexp_replace(cell, ' ([+-])', '\\1')"
    unmarked = f"regexp_replace(cell, {MARKS})"
    # A spreadsheet's bare number, and a day that is a midnight, are instants too.
    dated = shapes.dated("cell", "timestamptz", epoch) if epoch else ""
    counted = f", {shapes.instant(f'({dated})', context.clock, context.business_date)}" if epoch else ""
    macros = {
        "plain(cell)": f"case when {shapes.has_shape('cell', PLAIN)} then cell"
        f" when {shapes.has_shape(bare, GROUPED)} then replace({bare}, ',', '') else cell end",
        "number(cell)": f"case when {shapes.has_shape('cell', PLAIN)} then cell::{NUMBER}"
        f" when {shapes.has_shape(bare, GROUPED)} then replace({bare}, ',', '')::{NUMBER} end",
        "decimal_comma(cell)": f"coalesce({shapes.has_shape(unmarked, WITH_COMMA)}"
        f" and not {shapes.has_shape(unmarked, GROUPED)}, false)",
        "amount(cell, comma)": f"plain(case when comma then translate({unmarked}, '.,', ',.') else {unmarked} end)",
        "instant(cell)": f"coalesce({shapes.instant('cell', context.clock, context.business_date)},"
        f" {shapes.instant(spaced, context.clock, context.business_date)}{counted})",
        "pseudonym(prefix, name)": "prefix || '_' || left(sha256(getvariable('pseudonym_key') || name), 32)",
        "share(amount, part, whole)": _share(),
    }
    for signature, body in macros.items():
        database.execute(f"create or replace macro {signature} as {body}")


def _know_phones(database: duckdb.DuckDBPyConnection, country: str) -> None:
    """`is_phone(cell)`: whether a text is a phone number, as it will be told when identifiers are hashed."""
    with suppress(duckdb.InvalidInputException):
        database.remove_function("is_phone")
    database.create_function(
        "is_phone", lambda cell: normalise("phone", cell, country) is not None, ["VARCHAR"], "BOOLEAN"
    )


def _share() -> str:
    """amount × part ÷ whole rounded half away from zero to two places, on integers: DuckDB divides as doubles."""
    product = "(amount * part)::decimal(38, 6)"
    numerator = f"(abs({product}) * 1000000)::hugeint"
    denominator = "(abs(whole::decimal(38, 6)) * 1000000)::hugeint"
    cents = f"(({numerator} * 200 + {denominator}) // (2 * {denominator}))"
    sign = f"(case when ({product} < 0) <> (whole < 0) then -1 else 1 end)"
    return f"case when whole <> 0 then {cents}::decimal(36, 0) * 0.01 * {sign} end"


def _literals(context: Context, layout: Layout, scan: Scan) -> dict[str, str]:
    zone = ZoneInfo(context.business_zone or context.clock.timezone)
    end_of_day = datetime.combine(context.business_date, time(23, 59, 59), zone)
    starred = layout.starred_in(scan.header)
    in_header = {
        f"{name}_in_header": literal(starred[name]) if name in starred else "null::varchar"
        for name in (*layout.columns, *layout.compute)
    }
    standing = {"currency": literal(context.currency), "timezone": literal(context.clock.timezone),
                "business_date": f"date {literal(context.business_date)}", "end_of_day": literal(end_of_day)}
    return {name: literal(value) for name, value in layout.values.items()} | in_header | standing


def _with_values(text: str, literals: dict[str, str]) -> str:
    """The SQL with `:name` replaced by the literal of that name; `::type` stays a cast."""
    return re.sub(r"(?<![:\w]):([a-z][a-z0-9_]*)\b", lambda found: literals.get(found[1], found[0]), text)


def _account(
    database: duckdb.DuckDBPyConnection, contract: Contract, rules: PlatformExport, delivered: DeliveredFile,
    staged: Staged,
) -> None:  # fmt: skip
    """Every source row is in the export or in quarantine, where the export answers for them."""
    if not (rules.row_per_line or rules.split_lines):
        staged.rows, staged.bad, staged.damaged = _count(database), [], []
        return
    database.execute("delete from stage where _row in (select _row from aside)")
    staged.set_aside = database.execute("select _row, reason from aside order by _row").fetchall()
    if above(len(staged.set_aside), rules.max_set_aside_share, staged.rows):
        raise Refused("set_aside", "contract", f"{len(staged.set_aside)} of {staged.rows} rows set aside",
                      f"at most {rules.max_set_aside_share:.1%}",
                      f"look at {delivered.name}: it is not what the platform's file expects")
    if rules.split_lines or rules.add:
        lost = database.execute("select count(*) from kept where _row not in (select _row from stage)").fetchall()[0][0]
        if lost:
            raise Refused("rows_accounted", "manifest", f"{lost} of {staged.rows} rows gave no row of the export",
                          "every row loaded or set aside", "give the platform's file a `set_aside` rule for them")
    if rules.add:
        mapped_rows.add(database, contract, rules.add)
    if rules.split_lines or rules.add:
        staged.rows = _count(database) + len(staged.set_aside) + len(staged.bad) + len(staged.damaged)


def _count(database: duckdb.DuckDBPyConnection) -> int:
    return database.execute("select count(*) from stage").fetchall()[0][0]
