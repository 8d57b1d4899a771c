"""Write an audience as a file for a platform: its members who may be contacted, and nobody else."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from userops.activation import files
from userops.activation.formats import FORMATS, Line, lines, media_of
from userops.activation.members import (
    CONSENT,
    MEDIA,
    Address,
    Published,
    contactable,
    identified,
    open_vault,
    published,
)
from userops.errors import UseropsError
from userops.privacy import keys
from userops.settings import Settings
from userops.warehouse.connection import connect

CSV = "csv"
HEAD = ("audience_code", "medium", "user_id", "contact_hash")
IDENTIFIED = ("contact_id", "identifier")


@dataclass(frozen=True)
class Exported:
    """What was written: `users` are those of the audience's `members` who are in the file's `rows`.

    `entered` and `left` are rows against the last export of this kind in the folder; None for the first one.
    """

    path: str
    manifest: str
    audience: str
    format: str
    version: int
    business_date: date
    rows: int
    users: int
    members: int
    entered: int | None
    left: int | None

    def __str__(self) -> str:
        """What was written, as the command says it."""
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        since = "" if self.entered is None else f" Since the last export {self.entered} entered and {self.left} left."
        return (
            f"{self.path}: {rows} for {self.users} users. {self.members - self.users} of the {self.members} members may"
            f" not be contacted, or have no address for it.{since}"
        )


@dataclass(frozen=True)
class Kind:
    """What the files of an export have in common with those they are compared with."""

    audience: str
    format: str
    medium: str | None
    with_identifiers: bool
    header: Line | None

    @property
    def stem(self) -> str:
        label = self.format if self.format != CSV else self.medium or "all"
        return f"{self.audience}.{label}" + (f".{self.medium}" if self.format != CSV and self.medium else "")

    @property
    def entries(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in ("audience", "format", "medium", "with_identifiers")}


def export(
    settings: Settings, url: str, audience: str, out: Path, medium: str | None = None, with_identifiers: bool = False,
    format: str = CSV,
) -> Exported:
    """Write one audience with its manifest; readable by its owner alone, whole or not at all.

    Formats of platforms need what identifiers stand for, and so does `with_identifiers`, which adds contact_id and the
    identifier to `csv`: they take a database user that may act as `loader`, the role with rights on the vault. A file's
    lines are held in memory, some 200 bytes each.
    """
    kind, media = kind_of(audience, format, medium, with_identifiers)
    key = keys.given(settings)
    found: set[str] = set()
    left_out: Counter = Counter()
    with connect(url, "publisher") as connection:
        connection.read_only = True
        if keys.known(connection) not in (None, keys.fingerprint(key)):
            raise keys.other_key()
        current = published(connection, audience)
        addresses = contactable(connection, audience, media)
        if format == CSV and not with_identifiers:
            written = list(_table(addresses, key, kind, found))
        else:
            with closing(open_vault(url)) as vault:
                opened = identified(vault, addresses)
                if format == CSV:
                    written = list(_table(opened, key, kind, found))
                else:
                    # Users who share an address would be the same line twice.
                    written = list(dict.fromkeys(lines(FORMATS[format], opened, found, left_out)))
    return _put(out, kind, media, current, written, len(found), left_out)


def kind_of(audience: str, format: str, medium: str | None, with_identifiers: bool) -> tuple[Kind, list[str]]:
    """What is asked for, with the media whose addresses it takes; an error if there is no such export."""
    if medium is not None and medium not in MEDIA:
        raise UseropsError(f"{medium!r} is no medium.", fix=f"use one of: {', '.join(MEDIA)}.")
    if format == CSV:
        header = HEAD + (IDENTIFIED if with_identifiers else ())
        return Kind(audience, format, medium, with_identifiers, header), [medium] if medium else list(MEDIA)
    if format not in FORMATS:
        known = ", ".join([CSV, *FORMATS, "wecom"])
        raise UseropsError(f"{format!r} is no format.", fix=f"use one of: {known}.")
    if with_identifiers:
        raise UseropsError(f"{format} takes hashes alone.", fix="leave out --with-identifiers.")
    return Kind(audience, format, medium, False, FORMATS[format].columns), media_of(FORMATS[format], medium)


def _table(addresses: Iterable[Address], key: str, kind: Kind, found: set[str]) -> Iterator[Line]:
    """The lines of our own format; cells run no formula in a spreadsheet."""
    for address in addresses:
        found.add(address.user_id)
        line = (
            kind.audience, address.medium, address.user_id, keys.hashed(key, "contact_id", address.contact_id),
            address.contact_id, address.value,
        )  # fmt: skip
        yield tuple(files.neutral(cell) for cell in line[: len(kind.header)])


def _put(
    out: Path, kind: Kind, media: list[str], current: Published, written: list[Line], users: int, left_out: Counter
) -> Exported:
    """Write the file, what entered and left, then the manifest."""
    before = files.exports(out, **kind.entries)[-1:]
    name = files.free_name(out, f"{kind.stem}.{current.business_date}")
    file = files.write_lines(out / f"{name}.csv", kind.header, written)
    entered, left = _differences(out, name, kind, written, before[0]) if before else (None, None)
    manifest = {
        **kind.entries, "file": file.file, "rows": file.rows, "sha256": file.sha256, "users": users,
        "members": current.members, "version": current.version, "business_date": current.business_date,
        "created_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "consent": {"media": media, "rule": CONSENT}, "left_out": dict(sorted(left_out.items())),
        "entered": entered and asdict(entered), "left": left and asdict(left),
        "previous": {name: before[0][name] for name in ("file", "sha256", "version", "business_date", "created_at")}
        if before else None,
    }  # fmt: skip
    path = files.write_manifest(out, name, manifest)
    files.remove_older(out, **kind.entries)
    return Exported(
        str(out / file.file), str(path), kind.audience, kind.format, current.version, current.business_date, file.rows,
        users, current.members, entered and entered.rows, left and left.rows,
    )  # fmt: skip


def _differences(
    out: Path, name: str, kind: Kind, written: list[Line], before: dict
) -> tuple[files.Written | None, files.Written | None]:
    """Write the lines that the last export lacked, and those that it alone had; None if its file is gone."""
    path = out / Path(before["file"]).name
    if not path.exists():
        return None, None
    old, new = set(files.read_lines(path, kind.header is not None)), set(written)
    entered = files.write_lines(out / f"{name}.entered.csv", kind.header, [line for line in written if line not in old])
    left = files.write_lines(out / f"{name}.left.csv", kind.header, sorted(old - new))
    return entered, left
