"""What is asked of a file as a whole, in this order: each answer may refuse it."""

from dataclasses import dataclass
from datetime import date, timedelta

from userops.checks import CheckResult
from userops.ingest import damage, row_validation
from userops.ingest.landing import MANIFEST
from userops.ingest.outcome import Refused, above
from userops.ingest.reading import File, Reading

# One row may come again on a quiet day, and a few may all be corrections.
LEAST_ROWS_TO_REPEAT, LEAST_ROWS_TO_DATE = 5, 20
# A larger share of a column that had to be repaired is worth a look.
MOST_MENDED = 0.01


@dataclass(frozen=True)
class Before:
    """What earlier loads say about a file: date, columns and end of the one before; whether the export came before."""

    shape: tuple[date, list[str] | None, bool | None] | None = None
    came: bool = False


def check_digest(file: File) -> None:
    """The bytes are those that the manifest names."""
    if file.promised is not None and str(file.promised.get("sha256")).lower() != file.sha256:
        raise Refused("manifest_sha256", "manifest", f"sha256 {file.sha256[:12]}…", "the manifest's sha256",
                      f"have {file.delivered.name} delivered again: it changed on its way")


def check_read(reading: Reading, before: Before, earlier: tuple[date, str] | None) -> None:
    """Everything that is asked once the rows are judged."""
    _check_rows_promised(reading)
    _check_shape(reading, before)
    _check_repeat(reading, earlier)
    _check_clock(reading)
    _check_bad(reading)
    _check_conflicts(reading)
    _check_date(reading, before)


def _check_rows_promised(reading: Reading) -> None:
    file, rows = reading.file, reading.staged.source_rows
    promised = (file.promised or {}).get("rows")
    if promised is not None and promised != rows:
        raise Refused("manifest_rows", "manifest", f"{rows} rows", f"{promised} rows by the manifest",
                      f"have {file.delivered.name} delivered again: rows are missing or too many")


def _check_shape(reading: Reading, before: Before) -> None:
    """What files of this export had before and this one lacks: a column that may be empty, the end of the last line."""
    file, staged = reading.file, reading.staged
    if before.shape is None or not staged.rows:
        return
    day, columns, ended = before.shape
    layout = file.delivered.layout
    known = set(layout.columns) - set(layout.optional) if layout else {column.name for column in file.contract.columns}
    lost = sorted((set(columns or ()) & known) - set(staged.columns or columns or ()))
    if lost:
        raise Refused("header", "contract", f"no column {', '.join(lost)}", f"the columns of the file of {day}",
                      f"deliver {file.delivered.name} with it, or take it out of contracts/{file.contract.name}.yml")
    if ended and not staged.ends_line and file.promised is None:
        raise Refused("file_whole", "manifest", "the last line has no end", f"a line end, as in the file of {day}",
                      f"have {file.delivered.name} delivered again, or with a {MANIFEST}")


def _check_repeat(reading: Reading, earlier: tuple[date, str] | None) -> None:
    """An unchanged snapshot is normal; a delta that came before under another date is a stale delivery.

    A platform that delivers whole lists delivers the same one where nothing changed.
    """
    file, rows = reading.file, reading.staged.rows
    whole = file.delivered.layout and file.delivered.layout.exports[file.contract.name].whole
    if file.contract.mode != "delta" or earlier is None or not rows or whole:
        return
    day, how = earlier
    if how == "the same file" or rows >= LEAST_ROWS_TO_REPEAT:
        raise Refused("file_repeated", "manifest", f"{how} as delivered for {day}", "rows of this business date",
                      f"have the {file.contract.name} of {file.business_date} delivered")


def _check_clock(reading: Reading) -> None:
    """One local time that does not exist, or exists twice, shows that the file's times are not what they seem."""
    odd = [
        reason for _, reason in reading.judged.bad
        if reason.endswith((row_validation.CLOCK_GAP, row_validation.CLOCK_TWICE))
    ]
    if odd:
        raise Refused("clock_change", "contract", f"{len(odd)} rows: {odd[0]}", "local times that exist once",
                      f"deliver {reading.file.delivered.name} with time zone offsets, or set USEROPS_TIMEZONE aright")


def _check_bad(reading: Reading) -> None:
    name, limit, rows = reading.file.delivered.name, reading.file.contract.max_bad_share, reading.staged.rows
    bad = reading.judged.bad
    if above(len(reading.staged.bad), limit, rows):
        raise Refused("field_count", "manifest", summary(bad, rows), f"at most {limit:.1%} of the rows",
                      f"have {name} delivered again: its delimiters or quotes have shifted")
    if above(len(bad), limit, rows):
        raise Refused("bad_rows", "contract", summary(bad, rows), f"at most {limit:.1%} of the rows",
                      f"fix the rows in the source and deliver {name} again")


def _check_conflicts(reading: Reading) -> None:
    """One key with two contents at the same instant cannot be decided by versions."""
    limit, conflicts = reading.file.contract.max_conflict_share, reading.judged.conflicts
    if above(conflicts, limit, reading.staged.rows):
        observed = f"{conflicts} of {reading.staged.rows} rows repeat a key with other content"
        raise Refused("key_conflicts", "contract", observed, f"at most {limit:.1%}",
                      f"find out which of the rows of {reading.file.delivered.name} hold; deliver again")


def _check_date(reading: Reading, before: Before) -> None:
    """A delta of this size has rows of its own date (an optional one within its freshness): else it is another's.

    The first delivery of an optional export is its past, which may have ended some time ago.
    """
    file, contract, newest = reading.file, reading.file.contract, reading.judged.newest_change
    if contract.mode != "delta" or reading.staged.rows < LEAST_ROWS_TO_DATE:
        return
    required = contract.required and file.delivered.required
    if not required and not before.came:
        return
    oldest = file.business_date - timedelta(days=0 if required else contract.freshness_days)
    if newest is not None and newest < oldest:
        raise Refused("business_date", "contract", f"newest change on {newest}", f"changes of {file.business_date}",
                      f"{file.delivered.name} is of another date: have that of {file.business_date} delivered")


def summary(bad: list[tuple[int, str]], rows: int) -> str:
    """How many rows, and their three most frequent reasons."""
    counts: dict[str, int] = {}
    for _, reason in bad:
        counts[reason] = counts.get(reason, 0) + 1
    worst = sorted(counts.items(), key=lambda item: -item[1])[:3]
    return f"{len(bad)} of {rows} rows: " + ", ".join(f"{reason} ({count})" for reason, count in worst)


def answers(reading: Reading) -> list[CheckResult]:
    """What a file that was loaded is told."""
    file, staged, judged = reading.file, reading.staged, reading.judged
    limit = file.contract.max_bad_share
    too_many = len(judged.bad) > limit * staged.rows
    results = [
        result(file, "file_loaded", "manifest", True, f"{staged.rows} rows", "every row loaded or set aside"),
        result(file, "bad_rows", "contract", not too_many,
               summary(reading.set_aside, staged.rows) if reading.set_aside else "none",
               f"at most {limit:.1%} of the rows", "they are set aside: look at them in quarantine" * too_many,
               "warning" if too_many else "critical"),
    ]
    results += _damage_answers(reading)
    if judged.conflicts:
        results.append(result(file, "key_conflicts", "contract", False, f"{judged.conflicts} rows repeat a key",
                              "one content for a key and instant", "the later line holds", "info"))
    return results + (_file_answers(reading) if file.delivered.speaks_for_file else [])


def _file_answers(reading: Reading) -> list[CheckResult]:
    """What concerns the whole file, whatever exports are read of it."""
    file, staged, found = reading.file, reading.staged, []
    if staged.unknown_columns:
        # A platform's file has many columns that nobody reads: those are no news.
        severity, whose = ("info", "platform") if file.delivered.layout else ("warning", "contract")
        found.append(result(file, "unknown_columns", "contract", False, _named(staged.unknown_columns),
                            f"the {whose}'s columns", f"add them to the {whose}, or have them left out", severity))
    if staged.other_sheets:
        found.append(result(
            file, "sheets_not_read", "manifest", False,
            f"{staged.rows} rows of sheet {staged.sheet}; not read: {_named(staged.other_sheets)}",
            "one sheet that holds something",
            "save each sheet that is needed as a file of its own; where the others are none of it, name the one to read"
            f" (`sheet: {staged.sheet}` of its source in sources.yml)", "warning",
        ))  # fmt: skip
    return found


def _damage_answers(reading: Reading) -> list[CheckResult]:
    """What spreadsheets and careless writers did to the file's cells."""
    file, rows, found = reading.file, reading.staged.rows, []
    errors = sum(reason.endswith(damage.ERROR_REASON) for _, reason in reading.judged.bad)
    if errors:
        found.append(result(
            file, "spreadsheet_errors", "contract", False, f"{errors} of {rows} rows hold one such as #REF!",
            "no error in a cell", "they are set aside: mend the formulas, or export the file from its source",
            "warning",
        ))  # fmt: skip
    lost = {repair.column: repair.lost for repair in reading.staged.repairs if repair.lost}
    if lost:
        observed = ", ".join(f"{name}: {count} of {rows}" for name, count in lost.items())
        found.append(result(
            file, "damaged_identifiers", "contract", False, f"{observed} cells were damaged by a spreadsheet",
            "identifiers as their source has them, not 1.39E+10",
            "they identify nobody: have it exported again and delivered unopened", "warning",
        ))  # fmt: skip
    mended = {repair.column: repair.mended for repair in reading.staged.repairs if repair.mended}
    if mended:
        few = all(count <= MOST_MENDED * rows for count in mended.values())
        observed = ", ".join(f"{name}: {count} of {rows}" for name, count in mended.items())
        found.append(result(
            file, "cells_repaired", "contract", few, f"{observed} cells", f"at most {MOST_MENDED:.0%} of a column",
            "invisible characters at edges and words for nothing (NULL, -) were taken off: mend the export",
            "info" if few else "warning",
        ))  # fmt: skip
    return found


def _named(names: list[str]) -> str:
    """Names as alerts show them: a hostile header holds thousands, or one of megabytes."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(name[:60] for name in names[:10]) + more


def result(
    file: File, check: str, layer: str, passed: bool, observed: str, expected: str, fix: str = "",
    severity: str = "critical",
) -> CheckResult:
    """An answer about a file; its name stands in the detail."""
    detail = f"{file.delivered.label}: {fix}" if fix else file.delivered.label
    return CheckResult(check, layer, file.contract.name, severity, passed, observed, expected, detail)
