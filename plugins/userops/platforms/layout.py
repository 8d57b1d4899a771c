"""What a source profile declares: layouts of files, and the exports that are read from them.

A profile holds one layout, or several under `layouts` (a platform's orders come in one file, its items in another).
`platforms/README.md` explains every entry.
"""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from userops.errors import UseropsError

PACKED = (".gz", ".zst")


@dataclass(frozen=True)
class SetAside:
    """Source rows that are no rows of the export, and why (SQL over the staged text columns)."""

    when: str
    reason: str


@dataclass(frozen=True)
class Refuse:
    """A file that is not to be believed: an SQL aggregate over all staged rows that is true for it, and why.

    With `pages` a page without rows (a JSON document whose list is empty) is looked at too, as a row that holds what
    the page says of itself.
    """

    when: str
    reason: str
    fix: str = ""
    pages: bool = False


@dataclass(frozen=True)
class ProfileExport:
    """One canonical export: a SELECT that names canonical columns and `_row`.

    It reads `staged` (all source rows) or `kept` (those not set aside). With `row_per_line` every source row is
    one row of the export, with `split_lines` one or several, or stands in quarantine; without either the export is
    derived and counts its own rows. `whole` names the column by which every file holds all rows of whatever it names:
    such a file may come again unchanged.
    """

    select: str
    set_aside: tuple[SetAside, ...] = ()
    max_set_aside_share: float = 1.0
    row_per_line: bool = False
    split_lines: bool = False
    whole: str = ""


@dataclass(frozen=True)
class Clean:
    """What is taken off every cell before anything reads it: characters and blanks at its ends, a spreadsheet's `="…"`.

    Cells that then equal one of `missing` are empty.
    """

    strip: str = ""
    unwrap: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """One kind of file: its name patterns, encoding, header names and the exports it holds.

    `header` maps the file's names (JSON: dotted paths) to staging names; several spellings may map to one. `optional`
    staging names may be absent. `skip_lines` stand before the header. `each` are the paths of JSON lists, outermost
    first, whose elements are the rows; `a=b` also reads a list named `a` as if it were `b`. `compute` adds columns: SQL
    over the staging columns and the computed ones before it. `place` is the layout's among those of its profile;
    `profile`, `required` and `values` are those of the
    profile it belongs to.
    """

    files: tuple[str, ...]
    header: dict[str, str]
    exports: dict[str, ProfileExport]
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    skip_lines: int = 0
    each: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    clean: Clean = field(default_factory=Clean)
    compute: dict[str, str] = field(default_factory=dict)
    refuse: tuple[Refuse, ...] = ()
    profile: str = ""
    place: int = 1
    required: tuple[str, ...] | None = None
    values: dict[str, str] = field(default_factory=dict)

    def matches(self, file_name: str) -> bool:
        """Whether a file of the landing folder is of this layout; it may be packed and start with the profile."""
        name = unpacked_name(file_name).casefold()
        names = (name, name.removeprefix(f"{self.profile}_"))
        patterns = [unpacked_name(pattern).casefold() for pattern in self.files]
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)

    @property
    def label(self) -> str:
        """Platform and place among its layouts, such as `shopify/1`."""
        return f"{self.profile}/{self.place}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The staging names, each once."""
        return tuple(dict.fromkeys(self.header.values()))

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


@dataclass(frozen=True)
class Profile:
    """One or more platforms' files.

    `required` replaces the contracts' list of what must come every night; None keeps that list.
    """

    name: str
    layouts: tuple[Layout, ...]
    required: tuple[str, ...] | None = None

    def layouts_of(self, file_name: str) -> list[Layout]:
        """The layouts a file name fits; one that starts with a profile's name is of that profile alone."""
        fitting = [layout for layout in self.layouts if layout.matches(file_name)]
        named = [layout for layout in fitting if file_name.casefold().startswith(f"{layout.profile}_")]
        found = named or fitting
        exports = [export for layout in found for export in layout.exports]
        if len(set(exports)) < len(exports):
            owners = list(dict.fromkeys(layout.profile for layout in found))
            raise UseropsError(
                f"{file_name} fits more than one layout of {', '.join(owners)}.",
                fix=f"start the file's name with the platform it is from, such as {owners[0]}_{file_name}."
                if len(owners) > 1 else f"narrow the patterns of `files` in platforms/{owners[0]}.yml.",
            )
        return found

    def patterns_of(self, export: str) -> list[str]:
        """The file names in which the export is looked for."""
        return [pattern for layout in self.layouts if export in layout.exports for pattern in layout.files]


def _spelled(name: str) -> str:
    """A column's name without the blanks and the width of characters, in which versions of one platform differ."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def unpacked_name(file_name: str) -> str:
    """The file's name without the ending of its packing."""
    return next((file_name.removesuffix(end) for end in PACKED if file_name.endswith(end)), file_name)
