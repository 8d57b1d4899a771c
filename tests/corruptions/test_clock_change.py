"""Corruption 33: the doubled and the missing hour of a clock change, at a business in a zone that has them."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import changes
import pytest
from clean_nights import Business, Row, attempt, business, read, write

SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)
pytestmark = pytest.mark.slow_corruptions


def london(server_url: str, folder: Path, day: date) -> Iterator[Business]:
    nights = 12
    first = day - timedelta(days=nights - 1)
    with business(
        server_url, folder, f"london {day}", 600, nights, publish=False, first=first, timezone="Europe/London",
        currency="GBP", country="GB",
    ) as made:
        yield made


@pytest.fixture(scope="module")
def spring(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    yield from london(server_url, tmp_path_factory.mktemp("spring"), SPRING)


@pytest.fixture(scope="module")
def autumn(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    yield from london(server_url, tmp_path_factory.mktemp("autumn"), AUTUMN)


def at(export: str, column: str, instant: str) -> Callable[[Path], None]:
    """One row of that local time; its other instants stay, later ones are moved behind."""

    def change(folder: Path) -> None:
        rows = read(folder, export)
        row: Row = next(r for r in rows if r[column].startswith(folder.name) and "T1" in r[column])
        late = {c: f"{folder.name}T22:00:00" for c in ("paid_at", "updated_at") if row.get(c)}
        rows[rows.index(row)] = row | {column: f"{folder.name}T{instant}"} | late
        write(folder, export, rows)

    return change


@pytest.mark.parametrize("season", ["spring", "autumn"])
def test_the_clean_night_of_a_clock_change_passes(server_url, request, tmp_path, season: str) -> None:
    outcome = attempt(server_url, request.getfixturevalue(season), tmp_path, lambda folder: None)
    assert outcome.failing() == []


@pytest.mark.parametrize(("export", "column"), [("orders", "placed_at"), ("touches", "occurred_at")])
@pytest.mark.parametrize(
    ("season", "instant", "says"),
    [("spring", "01:30:00", "leaves out"), ("autumn", "01:30:00", "repeats")],
)
def test_a_local_time_that_is_none_or_two_is_refused(
    server_url, request, tmp_path, season: str, export: str, column: str, instant: str, says: str
) -> None:
    past = request.getfixturevalue(season)
    changes.PAST[:] = [past]
    outcome = attempt(server_url, past, tmp_path, at(export, column, instant))
    found = outcome.of("clock_change", export)
    assert found.blocks and found.layer == "contract" and says in found.observed
    assert outcome.blocked and "clock_change" in outcome.alerts and f"{export}.csv" in outcome.alerts


@pytest.mark.parametrize(
    ("season", "instant"), [("spring", "02:30:00"), ("autumn", "03:30:00"), ("autumn", "01:30:00Z")]
)
def test_a_time_that_is_one_instant_passes(server_url, request, tmp_path, season: str, instant: str) -> None:
    outcome = attempt(server_url, request.getfixturevalue(season), tmp_path, at("touches", "occurred_at", instant))
    assert outcome.failing() == []
