"""Activation files: written whole and for their owner alone, each with a manifest, and compared with the last one.

The files of an export are `<name>.csv`, `<name>.entered.csv`, `<name>.left.csv` and `<name>.manifest.json`. The
manifest is written last: an export without one was cut off, and does not count.
"""

import contextlib
import csv
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from userops.errors import UseropsError

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
MANIFEST = ".manifest.json"
# The last export, and the one that it was compared with: nothing about people lies around for longer.
KEPT_EXPORTS = 2
Line = tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """A file that was written: its name, its lines without header, and its SHA-256."""

    file: str
    rows: int
    sha256: str


def neutral(cell: object) -> str:
    """The cell as text that no spreadsheet runs as a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def free_name(out: Path, stem: str) -> str:
    """The stem, or the stem with the next number where an export of that name exists."""
    name, number = stem, 1
    while (out / f"{name}{MANIFEST}").exists():
        number += 1
        name = f"{stem}-{number}"
    return name


def write_lines(path: Path, header: Line | None, lines: Iterable[Line]) -> Written:
    """Write a CSV (UTF-8) beside the target, then put it in place: a file that is there is complete."""
    buffer, digest, rows = io.StringIO(newline=""), hashlib.sha256(), 0
    writer = csv.writer(buffer, lineterminator="\n")
    with _put(path) as handle:
        for place, line in enumerate([header, *lines] if header else lines):
            writer.writerow(line)
            rows += not (header and place == 0)
            if buffer.tell() > 1 << 16:
                _flush(buffer, handle, digest)
        _flush(buffer, handle, digest)
    return Written(path.name, rows, digest.hexdigest())


def _flush(buffer: io.StringIO, handle: io.BufferedWriter, digest: Any) -> None:
    content = buffer.getvalue().encode()
    handle.write(content)
    digest.update(content)
    buffer.seek(0)
    buffer.truncate()


def read_lines(path: Path, header: bool) -> list[Line]:
    """The lines of an earlier file, without its header."""
    with path.open(encoding="utf-8", newline="") as file:
        found = [tuple(line) for line in csv.reader(file)]
    return found[1:] if header else found


def write_manifest(out: Path, name: str, manifest: dict[str, Any]) -> Path:
    """Write the manifest of an export, which completes it."""
    path = out / f"{name}{MANIFEST}"
    with _put(path) as handle:
        handle.write((json.dumps(manifest, indent=2, ensure_ascii=False, default=str) + "\n").encode())
    return path


def exports(out: Path, **like: object) -> list[dict[str, Any]]:
    """The manifests in a folder that have these entries, oldest first."""
    found = []
    for path in out.glob(f"*{MANIFEST}"):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UseropsError(
                f"{path} is no manifest: {error}.", fix="remove it; the next export then counts as the first."
            ) from error
        if all(manifest.get(name) == value for name, value in like.items()):
            found.append(manifest | {"manifest": path.name})
    return sorted(found, key=lambda manifest: manifest["created_at"])


def remove_older(out: Path, **like: object) -> None:
    """Remove all exports of a kind but the newest ones."""
    for manifest in exports(out, **like)[:-KEPT_EXPORTS]:
        parts = (manifest.get(part) for part in ("entered", "left"))
        files = [manifest["file"], *(part["file"] for part in parts if part), manifest["manifest"]]
        for name in files:
            # Only names, never paths: a manifest that somebody wrote removes nothing elsewhere.
            (out / Path(name).name).unlink(missing_ok=True)


@contextlib.contextmanager
def _put(path: Path) -> Iterator[io.BufferedWriter]:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}."
        raise UseropsError(what, fix="give a folder you may write.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
