"""Files of an export: whole, for their owner alone, told from earlier ones, and not kept for long."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from userops.activation import files
from userops.errors import UseropsError


def test_a_file_is_what_its_summary_says(tmp_path: Path):
    path = tmp_path / "new" / "a.csv"
    written = files.write_lines(path, ("Email", "Phone"), [("a", ""), ('b"', "c,d")])
    assert path.read_bytes() == b'Email,Phone\na,\n"b""","c,d"\n'
    assert written == files.Written("a.csv", 2, hashlib.sha256(path.read_bytes()).hexdigest())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert files.read_lines(path, header=True) == [("a", ""), ('b"', "c,d")]


def test_a_large_file_without_header_is_hashed_whole(tmp_path: Path):
    lines = [(f"{number:064x}",) for number in range(5000)]
    written = files.write_lines(tmp_path / "a.csv", None, lines)
    content = (tmp_path / "a.csv").read_bytes()
    assert written.rows == 5000 and written.sha256 == hashlib.sha256(content).hexdigest()
    assert files.read_lines(tmp_path / "a.csv", header=False) == lines


def test_a_file_that_fails_halfway_leaves_the_one_before(tmp_path: Path):
    def lines():
        yield ("new",)
        raise RuntimeError("the database went away")

    files.write_lines(tmp_path / "a.csv", None, [("old",)])
    with pytest.raises(RuntimeError):
        files.write_lines(tmp_path / "a.csv", None, lines())
    assert os.listdir(tmp_path) == ["a.csv"] and (tmp_path / "a.csv").read_text() == "old\n"


def put(out: Path, name: str, created: int, **more: object) -> None:
    files.write_lines(out / f"{name}.csv", None, [(name,)])
    left = files.write_lines(out / f"{name}.left.csv", None, [])
    manifest = {"audience": "a", "file": f"{name}.csv", "created_at": str(created), "left": vars(left)}
    files.write_manifest(out, name, manifest | more)


def test_the_newest_exports_of_a_kind_are_kept(tmp_path: Path):
    for number, name in enumerate(("x", "b", "c")):
        put(tmp_path, name, number)
    put(tmp_path, "other", 0, audience="b")
    files.remove_older(tmp_path, audience="a")
    assert [manifest["file"] for manifest in files.exports(tmp_path, audience="a")] == ["b.csv", "c.csv"]
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"b", "c", "other"}


def test_a_manifest_removes_nothing_elsewhere(tmp_path: Path):
    kept = tmp_path / "kept.csv"
    kept.write_text("mine")
    out = tmp_path / "out"
    put(out, "a", 0, file="../kept.csv")
    put(out, "b", 1)
    put(out, "c", 2)
    files.remove_older(out, audience="a")
    assert kept.read_text() == "mine"


def test_a_name_is_used_once(tmp_path: Path):
    assert files.free_name(tmp_path, "a.2026-01-01") == "a.2026-01-01"
    put(tmp_path, "a.2026-01-01", 0)
    assert files.free_name(tmp_path, "a.2026-01-01") == "a.2026-01-01-2"
    put(tmp_path, "a.2026-01-01-2", 1)
    assert files.free_name(tmp_path, "a.2026-01-01") == "a.2026-01-01-3"


def test_a_manifest_that_is_none_is_named(tmp_path: Path):
    (tmp_path / "a.manifest.json").write_text("{")
    with pytest.raises(UseropsError, match=r"a\.manifest\.json is no manifest: .* Fix: remove it"):
        files.exports(tmp_path)


def test_a_manifest_is_readable(tmp_path: Path):
    path = files.write_manifest(tmp_path, "a", {"audience": "人群", "rows": 2})
    assert json.loads(path.read_text(encoding="utf-8")) == {"audience": "人群", "rows": 2}
    assert "人群" in path.read_text(encoding="utf-8")
