"""A simulated business as files of WeCom and two ad platforms, read again: the rows are those that were written."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from platform_reading import reader

from csv_rows import rows_of
from userops.simulate import simulate
from userops.simulate.platforms import as_platforms

START, DAYS, USERS, SEED = date(2026, 3, 1), 6, 100, 7
ADVERTISING = ("stat_date", "campaign_id", "level", "keyword", "impressions", "clicks", "cost", "currency")
COLUMNS = {
    ("google_ads", "ad_stats"): ADVERTISING,
    ("ocean_engine", "ad_stats"): ADVERTISING,
    ("wecom", "contacts"): ("external_userid", "phone", "unionid", "gender", "source_channel_code", "wechat_consent"),
    ("wecom", "friendships"): ("staff_id", "add_way", "channel_code"),
}


@pytest.fixture(scope="module", params=[False, True], ids=["clean", "quirks"])
def delivered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    business, out = tmp_path_factory.mktemp("business"), tmp_path_factory.mktemp("delivered")
    simulate(business, USERS, DAYS, START, SEED)
    as_platforms(business, out, "wecom,google_ads,ocean_engine", quirks=request.param)
    return out


@pytest.mark.parametrize(("platform", "export"), COLUMNS, ids=lambda name: name)
def test_what_was_written_is_read(delivered: Path, platform: str, export: str) -> None:
    columns, nights = COLUMNS[platform, export], 0
    for folder in sorted(delivered.glob("20*")):
        read = Counter(_read(folder, platform, export, columns))
        assert read == Counter(_written(delivered / "_truth" / "expected" / folder.name, platform, export, columns))
        nights += bool(read)
    assert nights > 2


def _read(folder: Path, platform: str, export: str, columns: tuple[str, ...]) -> Iterator[tuple]:
    with reader(platform, date.fromisoformat(folder.name)) as opened:
        for path in sorted((folder / platform).glob("*")):
            if opened.holds(path, export):
                found = opened.read(path, export, ", ".join(columns))
                assert (found.refused, found.bad) == ("", [])
                yield from (_shown(columns, row) for row in found.rows)


def _written(folder: Path, platform: str, export: str, columns: tuple[str, ...]) -> Iterator[tuple]:
    path = folder / f"{export}.csv"
    for row in rows_of(path) if path.exists() else []:
        # Figures of other channels are not this platform's.
        own = export != "ad_stats" or row["campaign_id"].startswith(f"{platform}:")
        if own:
            yield _shown(columns, [row[name].removeprefix(f"{platform}:") for name in columns])


def _shown(columns: tuple[str, ...], row: list | tuple) -> tuple:
    """Cells as texts; a phone is the same with and without its country's code."""
    texts = ["" if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in row]
    return tuple(
        text.removeprefix("+86") if name == "phone" else text for name, text in zip(columns, texts, strict=True)
    )
