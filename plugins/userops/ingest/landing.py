"""The landing place: which files a business date's folder holds, and what each is read for."""

import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import fsspec

from userops.contracts.model import load_contracts
from userops.errors import EXIT_FAILED, UseropsError
from userops.platforms.layout import PACKED, Layout, spreadsheet_format
from userops.platforms.source import CANONICAL, Source, Sources, canonical_name
from userops.platforms.sources_file import load_sources
from userops.settings import Settings

MANIFEST = "_manifest.json"
HEAD_BYTES = 64 << 10
DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a date's folder and the export it is read for; `stamp` changes when it is written to or replaced.

    `source` is whose it is, None for a canonical file; `folder` that source's folder, empty where the file stands
    beside the others. Without layout it has the contract's shape.
    """

    name: str
    path: str
    export: str
    format: str
    packed: str
    layout: Layout | None = None
    stamp: str = ""
    source: Source | None = None
    folder: str = ""

    @property
    def source_name(self) -> str:
        """The name of its source."""
        return self.source.name if self.source else CANONICAL

    @property
    def label(self) -> str:
        """What it is called where the files of several sources are spoken of: `shopify/orders_export_1.csv`."""
        return label(self.source_name, self.name)

    @property
    def place(self) -> str:
        """Where it stands in the date's folder, which is its name in the manifest."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the other files of its date: source, export and name."""
        return self.source_name, self.export, self.name

    @property
    def speaks_for_file(self) -> bool:
        """Whether what concerns the whole file is told with this export: of several that are read of it, the first."""
        read = self.layout.exports if self.layout else ()
        taken = [export for export in read if not self.source or self.source.takes(export)]
        return not taken or self.export == taken[0]

    @property
    def required(self) -> bool:
        """Whether the export must come every night, by its source or else its contract."""
        listed = self.source.required if self.source else None
        return load_contracts()[self.export].required if listed is None else self.export in listed


def label(source: str, name: str) -> str:
    """A file's name with its source's in front, unless that is canonical."""
    return name if source == CANONICAL else f"{source}/{name}"


@dataclass(frozen=True)
class Folder:
    """The listing of one business date."""

    exists: bool
    delivered: tuple[DeliveredFile, ...] = ()
    unknown: tuple[str, ...] = ()
    manifest_path: str | None = None
    files: fsspec.AbstractFileSystem | None = None

    @property
    def manifest(self) -> dict | None:
        """The content of the manifest, None where there is none that can be read."""
        return self._manifest[0]

    @property
    def manifest_error(self) -> str:
        """What is wrong with the manifest."""
        return self._manifest[1]

    @cached_property
    def _manifest(self) -> tuple[dict | None, str]:
        return _read_manifest(self.files, self.manifest_path)

    def of(self, export: str) -> list[DeliveredFile]:
        """The files that the export is read from, by name."""
        return [file for file in self.delivered if file.export == export]

    def promised(self, file: DeliveredFile) -> dict | None:
        """The manifest's entry for a file."""
        files = (self.manifest or {}).get("files", [])
        return next((entry for entry in files if entry.get("name") == file.place), None)


def list_dates(settings: Settings, until: date) -> list[date]:
    """Business dates up to `until` that have a folder in the landing place, oldest first."""
    with _reaching(settings):
        files, base = fsspec.core.url_to_fs(settings.landing.rstrip("/") or "/")
        files.invalidate_cache()
        if not files.isdir(base):
            return []
        names = [str(entry["name"]).rstrip("/").rsplit("/", 1)[-1] for entry in files.ls(base, detail=True)]
        dates = (date.fromisoformat(name) for name in names if DATE.match(name) and _is_date(name))
        return sorted(day for day in dates if day <= until)


def _is_date(name: str) -> bool:
    try:
        date.fromisoformat(name)
    except ValueError:
        return False
    return True


def newest_delivered(settings: Settings) -> date:
    """The newest business date that has a folder."""
    dates = list_dates(settings, date.max)
    if not dates:
        raise UseropsError(f"Nothing is delivered in the landing place {settings.landing}.",
                           fix="deliver files to a folder named by its date (2026-03-02), or set USEROPS_LANDING.")
    return dates[-1]


def list_folder(settings: Settings, business_date: date) -> Folder:
    """Look into LANDING/<date>/ and the folders of sources there."""
    sources = load_sources(settings)
    with _reaching(settings):
        files, base = fsspec.core.url_to_fs(f"{settings.landing.rstrip('/')}/{business_date.isoformat()}")
        files.invalidate_cache()
        if not files.isdir(base):
            return Folder(False)
        found, strange = _listing(files, base)
        folders = [name for name in (CANONICAL, *sources.names) if name in strange and _is_folder(files, base, name)]
        inside = {name: _listing(files, f"{base}/{name}") for name in folders}
    manifest = found.pop(MANIFEST, None)
    delivered, unknown = assign({name: str(entry["name"]) for name, entry in found.items()}, sources, files)
    unknown += [name for name in strange if name not in folders]
    entries = {str(entry["name"]): entry for listed in (found, *(each for each, _ in inside.values()))
               for entry in listed.values()}
    for name, (listed, others) in inside.items():
        more, left = _assign_in_folder(
            {each: str(entry["name"]) for each, entry in listed.items()}, name, sources, files
        )
        delivered, unknown = delivered + more, unknown + [f"{name}/{each}" for each in [*left, *others]]
    _refuse_twice(delivered)
    stamped = tuple(replace(file, stamp=_stamp(entries[file.path])) for file in delivered)
    shown = tuple(name.encode("utf-8", "replace").decode()[:200] for name in unknown)
    return Folder(True, stamped, shown, str(manifest["name"]) if manifest else None, files)


def _is_folder(files: fsspec.AbstractFileSystem, base: str, name: str) -> bool:
    """A folder within the date's folder: no link that leads out."""
    path = f"{base}/{name}"
    return files.isdir(path) and (not is_local(files) or Path(path).resolve().parent == Path(base).resolve())


def _listing(files: fsspec.AbstractFileSystem, base: str) -> tuple[dict[str, dict], list[str]]:
    """The entries of a folder by name, and the names of what is no plain file there."""
    entries = {str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]: entry for entry in files.ls(base, detail=True)}
    entries = dict(sorted(entries.items()))
    local = is_local(files)
    plain = {
        name: entry for name, entry in entries.items()
        if (_is_plain(str(entry["name"]), base) if local else entry.get("type") != "directory")
    }
    return plain, sorted(name for name in entries if name not in plain)


def _refuse_twice(delivered: list[DeliveredFile]) -> None:
    """A file that stands beside the others and again in its source's folder cannot be told from itself."""
    places: dict[tuple[str, str, str], str] = {}
    for file in delivered:
        other = places.setdefault(file.key, file.place)
        if other != file.place:
            raise UseropsError(f"{other} and {file.place} are one file of {file.source_name}, delivered twice.",
                               fix="remove one of them.")


@contextmanager
def _reaching(settings: Settings) -> Iterator[None]:
    """Say what is wrong with the landing place itself."""
    try:
        yield
    except (ImportError, ValueError) as error:
        raise UseropsError(
            f"The landing place {settings.landing} cannot be opened: {error}.",
            fix="USEROPS_LANDING is a path, or a URL of s3://, gs://, sftp:// or another kind that fsspec knows.",
        ) from error
    except OSError as error:
        raise UseropsError(
            f"The landing folder {settings.landing} cannot be listed: {error}.",
            fix="check USEROPS_LANDING and the rights on it.", exit_code=EXIT_FAILED,
        ) from error


def _stamp(entry: dict) -> str:
    """Size, and when or as what it was written, as the place tells it."""
    names = ("ETag", "etag", "mtime", "LastModified", "created")
    written = next((entry[name] for name in names if entry.get(name)), "")
    return f"{entry.get('size')}-{written}"


def is_local(files: fsspec.AbstractFileSystem) -> bool:
    """Whether the place is a folder of this machine."""
    return "file" in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,))


def _is_plain(path: str, base: str) -> bool:
    """A regular file inside the folder, its name valid UTF-8: no pipe, no folder, no link that leads out."""
    try:
        path.encode()
        mode = os.lstat(path).st_mode
    except (UnicodeEncodeError, OSError):
        return False
    # Every night looks into every folder: following a path is ten times what a look at it costs.
    if not stat.S_ISLNK(mode):
        return stat.S_ISREG(mode)
    return Path(path).is_file() and Path(path).resolve().parent == Path(base).resolve()


def assign(
    names: dict[str, str], sources: Sources, files: fsspec.AbstractFileSystem | None = None
) -> tuple[list[DeliveredFile], list[str]]:
    """What files beside each other are read for, and the names that tell nothing.

    Names tell; `files` is where their bytes are, for those that do not tell which of a source's layouts they have.
    """
    delivered: list[DeliveredFile] = []
    unknown: list[str] = []
    for name, path in names.items():
        if canonical_name(name):
            delivered += read_by(name, path, None)
        elif (source := sources.of_file(name)) is not None:
            found = read_by(name, path, source, files=files)
            delivered += found
            unknown += [] if found else [name]
        elif not name.startswith((".", "_")):
            unknown.append(name)
    return delivered, unknown


def _assign_in_folder(
    names: dict[str, str], folder: str, sources: Sources, files: fsspec.AbstractFileSystem
) -> tuple[list[DeliveredFile], list[str]]:
    """The same of files in a source's folder: whose they are is known."""
    delivered: list[DeliveredFile] = []
    unknown: list[str] = []
    for name, path in names.items():
        found = read_by(name, path, sources.named(folder), folder, files)
        delivered += found
        if not found and not name.startswith((".", "_")):
            unknown.append(name)
    return delivered, unknown


def read_by(
    name: str, path: str, source: Source | None, folder: str = "", files: fsspec.AbstractFileSystem | None = None
) -> list[DeliveredFile]:
    """The exports that a source's file is read for; none where nothing tells its layout."""
    found: list[DeliveredFile] = []
    head = (lambda: _head(files, path)) if files else None
    for layout in source.layouts_of(name, bool(folder), head) if source else ():
        packed = next((end for end in PACKED if name.endswith(end)), "")
        kind = spreadsheet_format(name) if layout.format == "csv" else None
        found += [DeliveredFile(name, path, export, kind or layout.format, packed, layout) for export in layout.exports]
    bare = name[len(source.name) + 1 :] if source and source.is_named_by(name) else name
    match = None if found else canonical_name(bare)
    if match:
        found = [DeliveredFile(name, path, match["export"], match["format"], match["packed"] or "")]
    return [replace(file, source=source, folder=folder) for file in found if not source or source.takes(file.export)]


def _head(files: fsspec.AbstractFileSystem, path: str) -> bytes:
    """The beginning of a file; nothing where it cannot be read now, which its load will say."""
    try:
        with files.open(path, "rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError:
        return b""


def _read_manifest(files: fsspec.AbstractFileSystem | None, path: str | None) -> tuple[dict | None, str]:
    if path is None or files is None:
        return None, ""
    try:
        content = json.loads(files.cat_file(path).decode("utf-8-sig"))
        named = [entry["name"] for entry in content["files"]]
    except (ValueError, KeyError, TypeError) as error:
        return None, f"{type(error).__name__}: {error}"
    repeated = sorted({name for name in named if named.count(name) > 1})
    return content, f"names {repeated[0]} twice" if repeated else ""
