"""Source profiles: how a platform's files become canonical exports, declared in `profiles/<name>.yml`.

A profile holds one layout, or several under `layouts` (a platform's orders come in one file, its items in another).
`profiles/README.md` explains every entry.
"""

import codecs
import fnmatch
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path

import yaml

from userops.contracts.model import load_contracts
from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT

FORMATS = ("csv", "json", "jsonl", "parquet")


@dataclass(frozen=True)
class SetAside:
    """Source rows that are no rows of the export, and why (SQL over the staged text columns)."""

    when: str
    reason: str


@dataclass(frozen=True)
class ProfileExport:
    """One canonical export: a SELECT that names canonical columns and `_row`.

    It reads `staged` (all source rows) or `kept` (those not set aside). With `row_per_line` every source row is
    one row of the export, or stands in quarantine; without it the export is derived and counts its own rows.
    """

    select: str
    set_aside: tuple[SetAside, ...] = ()
    max_set_aside_share: float = 1.0
    row_per_line: bool = False


@dataclass(frozen=True)
class Clean:
    """What is taken off every cell before anything reads it: characters at its ends, and the spreadsheet's `="…"`.

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
    first, whose elements are the rows; `a=b` also reads a list named `a` as if it were `b`.
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

    def matches(self, file_name: str) -> bool:
        """Whether a file of the landing folder is of this layout."""
        return any(fnmatch.fnmatch(file_name, pattern) for pattern in self.files)

    @property
    def columns(self) -> tuple[str, ...]:
        """The staging names, each once."""
        return tuple(dict.fromkeys(self.header.values()))


@dataclass(frozen=True)
class Profile:
    """One or more platforms' files.

    `required` replaces the contracts' list of what must come every night; None keeps that list.
    """

    name: str
    layouts: tuple[Layout, ...]
    required: tuple[str, ...] | None = None

    def layouts_of(self, file_name: str) -> list[Layout]:
        """The layouts a file name fits."""
        return [layout for layout in self.layouts if layout.matches(file_name)]


def load_profile(names: str, folder: Path = PROJECT_ROOT / "profiles") -> Profile | None:
    """Read one profile, or several with commas between (a shop's, an advertiser's); `canonical` is none at all."""
    wanted = [name.strip() for name in names.split(",") if name.strip() and name.strip() != "canonical"]
    profiles = [_load(name, folder) for name in wanted]
    if not profiles:
        return None
    if len(profiles) == 1:
        return profiles[0]
    stated = [profile.required for profile in profiles if profile.required is not None]
    required = tuple(dict.fromkeys(name for listed in stated for name in listed)) if stated else None
    return Profile(",".join(wanted), tuple(x for p in profiles for x in p.layouts), required)


@lru_cache(maxsize=32)
def _load(name: str, folder: Path) -> Profile:
    path = folder / f"{name}.yml"
    if not path.exists():
        known = ["canonical", *sorted(other.stem for other in folder.glob("*.yml"))]
        raise UseropsError(
            f"There is no source profile {name!r}.",
            mend=f"set USEROPS_PROFILE to one of {', '.join(known)}, or add {path.name} to profiles/.",
        )
    try:
        return _parse(name, yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, KeyError, TypeError, ValueError, LookupError) as error:
        raise UseropsError(
            f"profiles/{path.name} cannot be read: {type(error).__name__} {error}.",
            mend="profiles/README.md lists the entries: `files`, `header` and `exports` with a `select` each.",
        ) from error


def _parse(name: str, given: dict) -> Profile:
    given = dict(given)
    required = given.pop("required", None)
    layouts = given.pop("layouts", None) or [given]
    return Profile(
        name=name,
        layouts=tuple(_layout(layout) for layout in layouts),
        required=None if required is None else tuple(required),
    )


def _layout(given: dict) -> Layout:
    unknown = sorted(set(given) - {entry.name for entry in fields(Layout)})
    if unknown:
        raise ValueError(f"unknown entry {unknown[0]!r}")
    exports = {
        export: ProfileExport(**rules | {"set_aside": tuple(SetAside(**rule) for rule in rules.get("set_aside", ()))})
        for export, rules in given["exports"].items()
    }
    strange = sorted(set(exports) - set(load_contracts()))
    if strange:
        raise ValueError(f"{strange[0]!r} is no export")
    clean = dict(given.get("clean") or {})
    layout = Layout(**given | {
        "files": tuple(given["files"]),
        "exports": exports,
        "each": tuple(given.get("each", ())),
        "optional": tuple(given.get("optional", ())),
        "clean": Clean(**clean | {"missing": tuple(clean.get("missing", ()))}),
    })
    if layout.format not in FORMATS:
        raise ValueError(f"format {layout.format!r} is none of {', '.join(FORMATS)}")
    codecs.lookup(layout.encoding)
    return layout
