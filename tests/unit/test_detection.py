"""`userops sources detect`: every fixture of a platform is known under another name, or said to be unsure."""

import gzip
import shutil
from pathlib import Path

import pytest

from userops.errors import UseropsError
from userops.ingest.detection import detect, look
from userops.platforms.loading import platform_names

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "platforms"
FILES = sorted(path for path in FIXTURES.rglob("*") if path.is_file())


def platform_of(path: Path) -> str:
    """The platform that a fixture's folder is named after; the longest name that the folder's begins with."""
    folder = path.relative_to(FIXTURES).parts[0]
    return max((name for name in platform_names() if folder.startswith(name)), key=len)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_a_renamed_copy_of_every_fixture_is_known(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / f"download (1){path.suffix}"
    shutil.copy(path, copy)
    answer = detect(look(copy))
    known = platform_of(path)
    if answer.doubt:
        # Tmall writes Taobao's files: nobody can tell them apart, and nobody says so.
        alike = {fit.platform for fit in answer.fits if fit.rank[0] == answer.best.rank[0]}
        assert "fit alike" in answer.doubt and known in alike, answer.doubt
    else:
        assert answer.best.platform == known


def test_most_fixtures_are_sure() -> None:
    sure = [path for path in FILES if not detect(look(path)).doubt]
    assert len(sure) >= 0.7 * len(FILES)


def test_a_name_decides_between_what_is_alike(tmp_path: Path) -> None:
    path = next(path for path in FILES if platform_of(path) == "jd")
    answer = detect(look(path))
    assert (answer.best.platform, answer.doubt, answer.best.name_fits) == ("jd", "", True)


def test_a_column_that_is_missing_is_doubt_with_its_name(tmp_path: Path) -> None:
    text = (FIXTURES / "shopify" / "orders_export_1.csv").read_text(encoding="utf-8")
    path = tmp_path / "orders_export_1.csv"
    path.write_text(text.replace("Financial Status", "Money", 1), encoding="utf-8")
    answer = detect(look(path))
    assert answer.best.platform == "shopify"
    assert "shopify needs columns that are not there: Financial Status" in answer.doubt


@pytest.mark.parametrize("text", ["colour;size\nred;2\n", "just words\n", '{"a": 1}', "[]", "a,b\n"])
def test_what_nobody_knows_is_not_guessed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    assert detect(look(path)).doubt == "no platform knows its columns"


def test_another_encoding_and_packing_are_told_and_titles_passed_over(tmp_path: Path) -> None:
    text = (FIXTURES / "jd" / "jd_orders.csv").read_bytes().decode("gb18030")
    path = tmp_path / "orders.bin"
    path.write_bytes(gzip.compress(f"Report of March\n{text}".encode()))
    best = detect(look(path)).best
    assert (best.platform, best.hints) == ("jd", ("encoding: utf-8",))


def test_a_file_of_the_contracts_shape_is_canonical(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("rate_date,currency,rate\n2026-03-02,USD,7.1\n")
    answer = detect(look(path))
    assert (answer.best.platform, answer.best.exports, answer.doubt) == ("canonical", ("fx_rates",), "")


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(UseropsError, match="cannot be read"):
        look(tmp_path / "nothing.csv")
    (tmp_path / "empty.csv").write_text("\n")
    with pytest.raises(UseropsError, match="is empty"):
        look(tmp_path / "empty.csv")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a,b\n" * 1000)[:40])
    with pytest.raises(UseropsError, match="packed file is broken"):
        look(tmp_path / "cut.gz")


def test_a_name_of_a_column_may_hold_the_end_of_a_line(tmp_path: Path) -> None:
    text = (FIXTURES / "shopify" / "orders_export_1.csv").read_text(encoding="utf-8")
    path = tmp_path / "download.csv"
    path.write_text("\n" + text.replace("Financial Status", '"Financial\nStatus"', 1), encoding="utf-8")
    answer = detect(look(path))
    assert (answer.best.platform, answer.doubt, answer.best.titles) == ("shopify", "", 1)
