"""The bytes of a delivered file: a copy on this machine, unpacked while they are read, within bounds."""

import gzip
import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import fsspec
import zstandard

from userops.ingest.landing import DeliveredFile, is_local
from userops.ingest.records import Unreadable
from userops.settings import Settings

BLOCK = 1 << 20
# A packed file that grows past this many times its size is broken or hostile, unless it stays small all the same.
GROWTH_LIMIT, SMALL, UNPACKED_LIMIT = 200, 1 << 30, 64 << 30


@contextmanager
def local_copy(settings: Settings, delivered: DeliveredFile) -> Iterator[tuple[Path, str, int, tuple]]:
    """A local path to the file's bytes as delivered, with their sha256, size and stamp; a remote file is fetched once.
    """
    files, _ = fsspec.core.url_to_fs(settings.landing)
    digest, size = hashlib.sha256(), 0
    local = is_local(files)
    with tempfile.TemporaryDirectory(prefix="userops-") as scratch, files.open(delivered.path, "rb") as remote:
        path = Path(delivered.path) if local else Path(scratch) / "delivered"
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
