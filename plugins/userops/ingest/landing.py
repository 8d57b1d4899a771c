"""The landing place: which files a business date's folder holds, and what each is read for."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import fsspec

from userops.contracts.model import load_contracts
from userops.errors import EXIT_FAILED, UseropsError
from userops.platforms.layout import Layout, Profile
from userops.platforms.loading import load_profile
from userops.settings import Settings

MANIFEST = "_manifest.json"
CANONICAL = "canonical"
DATE = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
NAME = re.compile(r"^(?P<export>[a-z_]+)(?:\.(?P<part>[^.]+))?\.(?P<format>csv|jsonl|parquet)(?P<packed>\.gz|\.zst)?$")


@dataclass(frozen=True)
class Source:
    """One file of a folder and the export it is read for; `stamp` changes when the file is written to or replaced."""

    name: str
    path: str
    export: str
    format: str
    packed: str
    layout: Layout | None = None
    stamp: str = ""

    @property
    def profile(self) -> str:
        """The platform it is read by."""
        return self.layout.profile if self.layout else CANONICAL

    @property
    def required(self) -> bool:
        """Whether the export must come every night, by its platform or else its contract."""
        listed = self.layout.required if self.layout else None
        return load_contracts()[self.export].required if listed is None else self.export in listed


@dataclass(frozen=True)
class Folder:
    """The listing of one business date."""

    exists: bool
    sources: tuple[Source, ...] = ()
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

    def of(self, export: str) -> list[Source]:
        """The files that the export is read from, by name."""
        return [source for source in self.sources if source.export == export]

    def promised(self, name: str) -> dict | None:
        """The manifest's entry for a file."""
        files = (self.manifest or {}).get("files", [])
        return next((entry for entry in files if entry.get("name") == name), None)


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
    """Look into LANDING/<date>/; canonical files win over what a platform's would give."""
    with _reaching(settings):
        files, base = fsspec.core.url_to_fs(f"{settings.landing.rstrip('/')}/{business_date.isoformat()}")
        files.invalidate_cache()
        if not files.isdir(base):
            return Folder(False)
        found = {str(entry["name"]): entry for entry in files.ls(base, detail=True)}
        kept = {path for path in found if not is_local(files) or _is_plain(path, base)}
    names = {path.rstrip("/").rsplit("/", 1)[-1]: path for path in sorted(found)}
    strange = sorted(name for name, path in names.items() if path not in kept)
    names = {name: path for name, path in names.items() if path in kept}
    manifest = names.pop(MANIFEST, None)
    sources, unknown = assign(names, load_profile(",".join(settings.sources)))
    sources = [replace(source, stamp=_stamp(found[source.path])) for source in sources]
    shown = [name.encode("utf-8", "replace").decode()[:200] for name in [*unknown, *strange]]
    return Folder(True, tuple(sources), tuple(shown), manifest, files)


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
    except UnicodeEncodeError:
        return False
    return Path(path).is_file() and Path(path).resolve().parent == Path(base).resolve()


def assign(names: dict[str, str], profile: Profile | None) -> tuple[list[Source], list[str]]:
    """What files are read for by their names, and the names that tell nothing."""
    contracts = load_contracts()
    sources: list[Source] = []
    unknown: list[str] = []
    foreign: list[tuple[str, str, Layout]] = []
    for name, path in names.items():
        match = NAME.match(name)
        if match and match["export"] in contracts:
            sources.append(Source(name, path, match["export"], match["format"], match["packed"] or ""))
        elif profile and (layouts := profile.layouts_of(name)):
            foreign += [(name, path, layout) for layout in layouts]
        elif not name.startswith((".", "_")):
            unknown.append(name)
    canonical = {source.export for source in sources}
    for name, path, layout in foreign:
        packed = next((end for end in (".gz", ".zst") if name.endswith(end)), "")
        for export in layout.exports:
            if export not in canonical:
                sources.append(Source(name, path, export, layout.format, packed, layout))
    return sources, unknown


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
