"""The landing folder of a business date: what is there, what it belongs to, and safe copies to read from."""

import gzip
import hashlib
import json
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

import fsspec
import zstandard

from userops.checks import CheckResult
from userops.contracts.model import DOMAINS, load_contracts
from userops.errors import EXIT_FAILED, UseropsError
from userops.ingest.records import Unreadable
from userops.platforms.layout import Layout, Profile
from userops.platforms.loading import load_profile
from userops.settings import Settings

MANIFEST = "_manifest.json"
NAME = re.compile(r"^(?P<export>[a-z_]+)(?:\.(?P<part>[^.]+))?\.(?P<format>csv|jsonl|parquet)(?P<packed>\.gz|\.zst)?$")
BLOCK = 1 << 20
# A packed file that grows past this many times its size is broken or hostile, unless it stays small all the same.
GROWTH_LIMIT, SMALL, UNPACKED_LIMIT = 200, 1 << 30, 64 << 30


@dataclass(frozen=True)
class Source:
    """One file of the folder and the export it is read for."""

    name: str
    path: str
    export: str
    format: str
    packed: str
    layout: Layout | None = None

    @property
    def profile(self) -> str:
        """The source profile it is read by."""
        return self.layout.profile if self.layout else "canonical"

    @property
    def required(self) -> bool:
        """Whether the export must come every night, by its profile or else its contract."""
        listed = self.layout.required if self.layout else None
        return load_contracts()[self.export].required if listed is None else self.export in listed


@dataclass(frozen=True)
class Folder:
    """The listing of one business date; `manifest` is None where there is none."""

    exists: bool
    sources: tuple[Source, ...]
    unknown: tuple[str, ...]
    manifest: dict | None
    manifest_error: str = ""

    def of(self, export: str) -> list[Source]:
        """The files that the export is read from, by name."""
        return [source for source in self.sources if source.export == export]

    def promised(self, name: str) -> dict | None:
        """The manifest's entry for a file."""
        files = (self.manifest or {}).get("files", [])
        return next((entry for entry in files if entry.get("name") == name), None)


def list_folder(settings: Settings, business_date: date) -> Folder:
    """Look into LANDING/<date>/; canonical files win over what the profile would derive."""
    try:
        files, base = fsspec.core.url_to_fs(f"{settings.landing.rstrip('/')}/{business_date.isoformat()}")
        files.invalidate_cache()
        if not files.isdir(base):
            return Folder(False, (), (), None)
        paths = sorted(str(entry) for entry in files.ls(base, detail=False))
        kept = {path for path in paths if not _is_local(files) or _is_plain(path, base)}
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
    names = {path.rstrip("/").rsplit("/", 1)[-1]: path for path in paths}
    strange = sorted(name for name, path in names.items() if path not in kept)
    names = {name: path for name, path in names.items() if path in kept}
    manifest, problem = _manifest(files, names.pop(MANIFEST, None))
    sources, unknown = _assign(names, load_profile(settings.profile))
    shown = [name.encode("utf-8", "replace").decode()[:200] for name in [*unknown, *strange]]
    return Folder(True, tuple(sources), tuple(shown), manifest, problem)


def _is_local(files: fsspec.AbstractFileSystem) -> bool:
    return "file" in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,))


def _is_plain(path: str, base: str) -> bool:
    """A regular file inside the folder, its name valid UTF-8: no pipe, no folder, no link that leads out."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return Path(path).is_file() and Path(path).resolve().parent == Path(base).resolve()


def _assign(names: dict[str, str], profile: Profile | None) -> tuple[list[Source], list[str]]:
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


def _manifest(files: fsspec.AbstractFileSystem, path: str | None) -> tuple[dict | None, str]:
    if path is None:
        return None, ""
    try:
        content = json.loads(files.cat_file(path).decode("utf-8-sig"))
        named = [entry["name"] for entry in content["files"]]
    except (ValueError, KeyError, TypeError) as error:
        return None, f"{type(error).__name__}: {error}"
    repeated = sorted({name for name in named if named.count(name) > 1})
    return content, f"names {repeated[0]} twice" if repeated else ""


def delivered(settings: Settings, business_date: date) -> dict[str, list[str]]:
    """Exports that can be loaded from the folder, by domain."""
    present = {source.export for source in list_folder(settings, business_date).sources}
    found: dict[str, list[str]] = {domain: [] for domain in DOMAINS}
    for name, contract in load_contracts().items():
        if name in present:
            found[contract.domain].append(name)
    return found


def check_delivery(settings: Settings, business_date: date) -> list[CheckResult]:
    """Is the folder there and whole, as far as its listing and manifest can tell?"""
    folder = list_folder(settings, business_date)
    profile = load_profile(settings.profile)
    day = business_date.isoformat()
    there = _answer("folder_present", "folder", folder.exists, "no folder" if not folder.exists else "there",
                    f"folder {day}", f"deliver the files to {day}/ in the landing place and run again")
    if not folder.exists:
        return [there]
    names = "names of exports" if profile is None else f"names of exports, or files of {profile.name}"
    fix = "rename it to <export>.csv"
    if profile is not None:
        patterns = dict.fromkeys(pattern for layout in profile.layouts for pattern in layout.files)
        fix = f"name it as {profile.name} names its files ({', '.join(patterns)})"
    return [there, *_required(folder, profile), *_against_manifest(folder, day)] + [
        _answer("unknown_file", "folder", False, name, names, f"{name} was not read: {fix}, or remove it", "warning")
        for name in folder.unknown
    ]


def _required(folder: Folder, profile: Profile | None) -> Iterator[CheckResult]:
    for contract in load_contracts().values():
        by_profile = None if profile is None else profile.required
        if contract.required if by_profile is None else contract.name in by_profile:
            found = [source.name for source in folder.of(contract.name)]
            foreign = "" if profile is None else "".join(f", {name}" for name in profile.patterns_of(contract.name))
            yield _answer("export_present", contract.name, bool(found), ", ".join(found) or "no file",
                          f"{contract.name}.csv, .jsonl or .parquet{foreign}",
                          f"ask {contract.owner} to deliver {contract.name} and run again")


def _against_manifest(folder: Folder, day: str) -> Iterator[CheckResult]:
    if folder.manifest_error:
        yield _answer("manifest_readable", "folder", False, folder.manifest_error, "valid JSON with `files`",
                      f"{MANIFEST}: have it written again")
    if folder.manifest is None:
        return
    said = str(folder.manifest.get("business_date"))
    yield _answer("manifest_date", "folder", said == day, said, day, f"{MANIFEST}: deliver the folder of {day}")
    present = {source.name for source in folder.sources}
    listed = {entry["name"] for entry in folder.manifest["files"]}
    missing, extra = sorted(listed - present - set(folder.unknown)), sorted(present - listed)
    yield _answer("manifest_files", "folder", not missing, f"missing {', '.join(missing)}" if missing else "all there",
                  f"{len(listed)} listed files", "deliver the missing files and run again")
    yield _answer("manifest_lists_all", "folder", not extra, f"not listed: {', '.join(extra)}" if extra else "all",
                  "every file listed", f"list the file in {MANIFEST}, or remove it")


def _answer(
    check: str, subject: str, passed: bool, observed: str, expected: str, fix: str, severity: str = "critical"
) -> CheckResult:
    return CheckResult(check, "manifest", subject, severity, passed, observed, expected, "" if passed else fix)


@contextmanager
def local_copy(settings: Settings, source: Source) -> Iterator[tuple[Path, str, int, tuple]]:
    """A local path to the file's bytes as delivered, with their sha256, size and stamp; a remote file is fetched once.
    """
    files, _ = fsspec.core.url_to_fs(settings.landing)
    digest, size = hashlib.sha256(), 0
    local = _is_local(files)
    with tempfile.TemporaryDirectory(prefix="userops-") as scratch, files.open(source.path, "rb") as remote:
        path = Path(source.path) if local else Path(scratch) / "delivered"
        stamp = stamp_of(path) if local else ()
        with open("/dev/null" if local else path, "wb") as kept:
            while block := remote.read(BLOCK):
                digest.update(block)
                size += len(block)
                if not local:
                    kept.write(block)
        yield path, digest.hexdigest(), size, stamp or stamp_of(path)


def stamp_of(path: Path) -> tuple:
    """What changes where a file is written to or replaced."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def unpacked(path: Path, packed: str) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked while they are read."""
    with path.open("rb") as raw:
        if packed == ".gz":
            yield gzip.GzipFile(fileobj=raw)
        elif packed == ".zst":
            yield zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        else:
            yield raw


def unpacked_limit(path: Path, packed: str) -> int:
    """How many bytes the file may have when unpacked."""
    return min(UNPACKED_LIMIT, max(SMALL, GROWTH_LIMIT * path.stat().st_size)) if packed else UNPACKED_LIMIT


def blocks(stream: BinaryIO, limit: int = UNPACKED_LIMIT) -> Iterator[bytes]:
    """Read to the end in blocks; a broken archive or one that grows past the limit is unreadable."""
    total = 0
    while True:
        try:
            block = stream.read(4 * BLOCK)
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            raise Unreadable(f"the packed file is broken: {error}") from error
        if not block:
            return
        total += len(block)
        if total > limit:
            raise Unreadable(f"the file grows past {limit} bytes when unpacked")
        yield block
