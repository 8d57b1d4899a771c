"""Source profiles: how a platform's file becomes canonical exports, declared in `profiles/<name>.yml`."""

import fnmatch
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from userops.errors import UseropsError
from userops.settings import PROJECT_ROOT


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
class Profile:
    """One platform's file: pattern, encoding, header names and the exports it holds.

    `required` replaces the contracts' list of what must come every night; None keeps that list.
    """

    name: str
    files: tuple[str, ...]
    encoding: str
    delimiter: str
    header: dict[str, str]
    exports: dict[str, ProfileExport]
    required: tuple[str, ...] | None = None

    def matches(self, file_name: str) -> bool:
        """Whether a file of the landing folder is this platform's."""
        return any(fnmatch.fnmatch(file_name, pattern) for pattern in self.files)


@lru_cache(maxsize=8)
def load_profile(name: str, folder: Path = PROJECT_ROOT / "profiles") -> Profile | None:
    """Read a profile; `canonical` is none at all."""
    if name == "canonical":
        return None
    path = folder / f"{name}.yml"
    if not path.exists():
        known = ["canonical", *sorted(other.stem for other in folder.glob("*.yml"))]
        raise UseropsError(
            f"There is no source profile {name!r}.",
            mend=f"set USEROPS_PROFILE to one of {', '.join(known)}, or add {path.name} to profiles/.",
        )
    try:
        return _parse(name, yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise UseropsError(
            f"profiles/{path.name} cannot be read: {type(error).__name__} {error}.",
            mend="it needs `files`, `header` and `exports` with a `select` each.",
        ) from error


def _parse(name: str, given: dict) -> Profile:
    exports = {
        export: ProfileExport(**rules | {"set_aside": tuple(SetAside(**rule) for rule in rules.get("set_aside", ()))})
        for export, rules in given["exports"].items()
    }
    required = given.get("required")
    return Profile(
        name=name,
        files=tuple(given["files"]),
        encoding=given.get("encoding", "utf-8"),
        delimiter=given.get("delimiter", ","),
        header=given["header"],
        exports=exports,
        required=None if required is None else tuple(required),
    )
