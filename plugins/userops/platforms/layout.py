"""What a platform's file declares: layouts of files, and the exports that are read from them.

A platform has one layout, or several under `layouts` (its orders come in one file, its items in another).
`platforms/README.md` explains every entry.
"""

import codecs
import fnmatch
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from userops.contracts.model import load_contracts
from userops.yaml_files import Mistake, YamlModel

PACKED = (".gz", ".zst")
SPREADSHEETS, TEXTS = ("xlsx", "xls"), ("csv", "tsv", "txt")
NAME = re.compile(r"^[a-z][a-z0-9_]*$")
# Columns by which a file may bring all rows of a parent.
PARENTS = ("order_id", "stat_date", "group_id", "contact_id")
# What `orders_from_lines` needs of the lines.
OF_LINES = ("line_status", "line_paid_amount", "line_paid_at", "line_shipping_amount")
# `skip_lines: auto`: the header is the first line with all required names.
FIND_HEADER = "auto"
Share = Annotated[float, Field(ge=0, le=1)]


class SetAside(YamlModel):
    """Source rows that are no rows of the export, and why (SQL over the staged text columns)."""

    when: str
    reason: str


class Refuse(YamlModel):
    """A file that is not to be believed: an SQL aggregate over all staged rows that is true for it, and why.

    With `pages` a page without rows (a JSON document whose list is empty) is looked at too, as a row that holds what
    the page says of itself.
    """

    when: str
    reason: str
    fix: str = ""
    pages: bool = False


class PlatformExport(YamlModel):
    """One canonical export: a SELECT that names canonical columns and `_row`.

    It reads `staged` (all source rows) or `kept` (those not set aside). With `row_per_line` every source row is
    one row of the export, with `split_lines` one or several, or stands in quarantine; without either the export is
    derived and counts its own rows. `add` sums these columns over the rows of one key within the file. `whole` names
    the column by which every file holds all rows of whatever it names: such a file may come again unchanged.
    """

    select: str
    set_aside: tuple[SetAside, ...] = ()
    max_set_aside_share: Share = 1.0
    row_per_line: bool = False
    split_lines: bool = False
    add: tuple[str, ...] = ()
    whole: str = ""

    @model_validator(mode="after")
    def _check(self) -> "PlatformExport":
        if "_row" not in self.select:
            raise Mistake("the select does not give `_row`, the number of the source row", "select `_row` first")
        if self.row_per_line and self.split_lines:
            raise Mistake("`row_per_line` and `split_lines`", "keep one of them")
        if self.add and not self.row_per_line:
            raise Mistake("`add` without `row_per_line`", "add `row_per_line: true`, or remove `add`")
        if self.whole and self.whole not in PARENTS:
            raise Mistake(f"whole is {self.whole!r}", f"use one of {', '.join(PARENTS)}")
        return self


class Clean(YamlModel):
    """What is taken off every cell before anything reads it: characters and blanks at its ends, a spreadsheet's `="…"`.

    Cells that then equal one of `missing` are empty.
    """

    strip: str = ""
    unwrap: bool = False
    missing: tuple[str, ...] = ()


class LayoutEntries(YamlModel):
    """One kind of file: its name patterns, encoding, header names and the exports it holds.

    `header` maps the file's names (JSON: dotted paths) to staging names; several spellings may map to one. `optional`
    staging names may be absent. `skip_lines` stand before the header, or it is found (`auto`). `each` are the paths of
    JSON lists, outermost first, whose elements are the rows; `a=b` also reads a list named `a` as if it were `b`.
    `compute` adds columns: SQL over the staging columns and the computed ones before it.
    """

    files: tuple[str, ...]
    header: dict[str, str]
    exports: dict[str, PlatformExport]
    format: Literal["csv", "json", "jsonl", "parquet"] = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    skip_lines: int | str = 0
    each: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    clean: Clean = Clean()
    compute: dict[str, str] = {}
    refuse: tuple[Refuse, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The staging names, each once."""
        return tuple(dict.fromkeys(self.header.values()))

    @property
    def needed(self) -> tuple[str, ...]:
        """The staging names that a file of this layout must have."""
        return tuple(column for column in self.columns if column not in self.optional)

    def names_in(self, file_header: Iterable[str]) -> dict[str, str]:
        """The staging names of a file's columns, by the names that the file has; those unknown are left out.

        Platforms change capitals, blanks and the width of brackets from one version to the next: such spellings are
        one. `*` in a name of `header` stands for any text.
        """
        return {name: staging for name, (staging, _) in self._found_in(file_header).items()}

    def starred_in(self, file_header: Iterable[str]) -> dict[str, str]:
        """What stands in the file in the place of a `*` of `header`, by staging name: a currency, say."""
        return {staging: text for staging, text in self._found_in(file_header).values() if text is not None}

    def _found_in(self, file_header: Iterable[str]) -> dict[str, tuple[str, str | None]]:
        plain = {_spelled(name).casefold(): staging for name, staging in reversed(self.header.items())}
        starred = [
            (re.compile("(.+)".join(re.escape(_spelled(part)) for part in name.split("*", 1)), re.IGNORECASE), staging)
            for name, staging in self.header.items() if "*" in name
        ]
        found: dict[str, tuple[str, str | None]] = {}
        for name in file_header:
            spelled = _spelled(name)
            if staging := self.header.get(name) or plain.get(spelled.casefold()):
                found[name] = staging, None
                continue
            matches = ((pattern.fullmatch(spelled), staging) for pattern, staging in starred)
            found |= next(({name: (staging, match[1])} for match, staging in matches if match), {})
        return found


class Layout(LayoutEntries):
    """The entries of a layout, and whose they are: its platform, its place there (1 the first), the values of its SQL.
    """

    platform: str = ""
    place: int = 1
    values: dict[str, str] = {}

    def matches(self, file_name: str) -> bool:
        """Whether a file's name fits; it may be packed. Small and capital letters are alike."""
        return fits(file_name, self.files)

    @property
    def label(self) -> str:
        """Platform and place among its layouts, such as `shopify/1`."""
        return f"{self.platform}/{self.place}"


@dataclass(frozen=True)
class Platform:
    """How one platform's files become exports.

    `required` replaces the contracts' list of what must come every night; None keeps that list. With
    `orders_from_lines` staging makes orders of the newest version of each of their lines. `files` are the names of its
    files where that is not for its layouts to say: it is `like` a platform of several.
    """

    name: str
    layouts: tuple[Layout, ...]
    required: tuple[str, ...] | None = None
    values: dict[str, str] | None = None
    orders_from_lines: bool = False
    files: tuple[str, ...] = ()


def _spelled(name: str) -> str:
    """A column's name without the blanks and the width of characters, in which versions of one platform differ."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def fits(file_name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file's name fits one of the patterns."""
    name = unpacked_name(file_name).casefold()
    return any(fnmatch.fnmatchcase(name, unpacked_name(pattern).casefold()) for pattern in patterns)


def unpacked_name(file_name: str) -> str:
    """The file's name without the ending of its packing."""
    return next((file_name.removesuffix(end) for end in PACKED if file_name.endswith(end)), file_name)


def spreadsheet_format(file_name: str) -> str | None:
    """`xlsx` or `xls` where a file's name says so."""
    ending = unpacked_name(file_name).casefold().rpartition(".")[2]
    return ending if ending in SPREADSHEETS else None


def names_as_text(file_name: str) -> tuple[str, ...]:
    """The names that a spreadsheet would have as a file of text; none for other files."""
    ending = spreadsheet_format(file_name)
    return tuple(f"{unpacked_name(file_name)[: -len(ending)]}{text}" for text in TEXTS) if ending else ()


def check_bytes(encoding: str | None, delimiter: str | None) -> None:
    """Raise Mistake where there is no such encoding, or the delimiter is no single character."""
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise Mistake(f"there is no encoding {encoding!r}", "use utf-8, gb18030, utf-16, …") from None
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii()):
        raise Mistake(f"delimiter {delimiter!r} is not one ASCII character", r'write one, such as ";" or "\t"')


def check_exports(names: tuple[str, ...]) -> None:
    """Raise Mistake where one of the names is no export."""
    strange = sorted(set(names) - set(load_contracts()))
    if strange:
        raise Mistake(f"{strange[0]!r} is no export", "use a name of contracts/")


def check_layout(layout: LayoutEntries) -> None:
    """Raise Mistake where the entries of a layout do not go together."""
    check_bytes(layout.encoding, layout.delimiter)
    if layout.skip_lines != FIND_HEADER and (isinstance(layout.skip_lines, str) or layout.skip_lines < 0):
        raise Mistake("skip_lines is no number of lines", f"write a number from 0, or {FIND_HEADER}")
    if not layout.files or not layout.header or not layout.exports:
        raise Mistake("`files`, `header` or `exports` is empty", "give each at least one entry")
    check_exports(tuple(layout.exports))
    _check_names(layout)
    for export, rules in layout.exports.items():
        known = {column.name for column in load_contracts()[export].columns}
        for entry, names in (("add", rules.add), ("whole", (rules.whole,) if rules.whole else ())):
            strange = sorted(set(names) - known)
            if strange:
                raise Mistake(f"{export}: `{entry}` names {strange[0]!r}", f"use columns of contracts/{export}.yml")
    if not any(export.row_per_line or export.split_lines for export in layout.exports.values()):
        raise Mistake("no export answers for every source row",
                      "give one export `row_per_line: true` or `split_lines: true`")


def _check_names(layout: LayoutEntries) -> None:
    for name in (*layout.columns, *layout.compute):
        if not NAME.match(name):
            raise Mistake(f"name {name!r} is not of small letters, digits and _", "write another name for that column")
    twice = sorted(set(layout.columns) & set(layout.compute))
    if twice:
        raise Mistake(f"{twice[0]!r} is in `header` and in `compute`", "give one of them another name")
    strange = sorted(set(layout.optional) - set(layout.columns))
    if strange:
        raise Mistake(f"{strange[0]!r} is optional but no staging name of `header`", "correct it in `optional`")
