"""The removal effects that the database computes by one matrix inverse are those of removing each channel in turn."""

import random
from collections import Counter, defaultdict
from fractions import Fraction

import pytest

from dbt_macros import macros
from userops.warehouse.connection import connect

Walk = tuple[tuple[int, ...], bool]


@pytest.fixture(scope="module")
def database(warehouse_url):
    created = macros("create_markov_removal_effects.sql", target={"schema": "build"})
    with connect(warehouse_url, "transformer") as connection:
        connection.execute(created.create_markov_removal_effects())
        yield connection


def moves(paths: list[Walk]) -> Counter:
    """Moves from 0 (the start) or a channel to a channel, 0 (the conversion) or None (lost), counted."""
    counted: Counter = Counter()
    for channels, converts in paths:
        places = (0, *channels, 0 if converts else None)
        counted.update(zip(places, places[1:], strict=False))
    return counted


def effects(connection, paths: list[Walk], channels: int) -> list[float]:
    counted = moves(paths)
    rows = connection.execute(
        "select effect from build.markov_removal_effects(%s, %s::int[], %s::int[], %s::bigint[]) order by channel",
        [channels, [a for a, _ in counted], [b for _, b in counted], list(counted.values())],
    ).fetchall()
    return [row[0] for row in rows]


def conversion(paths: list[Walk], channels: int, removed: int | None = None) -> Fraction:
    """P(conversion) where all moves into `removed` lead nowhere, exactly, by elimination."""
    out: dict[int, Counter] = defaultdict(Counter)
    for (a, b), count in moves(paths).items():
        out[a][b] += count
    rows = []
    for place in range(channels + 1):
        row = [Fraction(int(place == other)) for other in range(channels + 1)] + [Fraction(0)]
        for to, count in out[place].items():
            share = Fraction(count, out[place].total())
            if to == 0:
                row[-1] += share
            elif to is not None and to != removed:
                row[to] -= share
        rows.append(row)
    for k in range(channels + 1):
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(channels + 1):
            if i != k:
                rows[i] = [value - rows[i][k] * above for value, above in zip(rows[i], rows[k], strict=True)]
    return rows[0][-1]


def collapsed(paths: list[Walk]) -> list[Walk]:
    return [
        (tuple(c for n, c in enumerate(channels) if n == 0 or channels[n - 1] != c), converts)
        for channels, converts in paths
    ]


def test_the_worked_example(database):
    paths = [((1, 2, 3), True), ((1,), False), ((2, 3), False)]
    found = effects(database, paths, 3)
    assert found == pytest.approx([1 / 2, 1, 1])
    assert [effect / sum(found) for effect in found] == pytest.approx([0.2, 0.4, 0.4])


@pytest.mark.parametrize("seed", range(12))
def test_inverse_equals_removal_and_repeats_change_nothing(database, seed):
    draw = random.Random(seed)
    channels = draw.randint(1, 6)
    walks = [tuple(draw.randint(1, channels) for _ in range(draw.randint(1, 6))) for _ in range(30)]
    paths = [(walk, draw.random() < 0.4) for walk in walks] + [(tuple(range(1, channels + 1)), True)]
    whole = conversion(paths, channels)
    expected = [float(1 - conversion(paths, channels, removed) / whole) for removed in range(1, channels + 1)]
    assert effects(database, paths, channels) == pytest.approx(expected, abs=1e-12)
    assert effects(database, collapsed(paths), channels) == pytest.approx(expected, abs=1e-12)


def test_no_conversion_and_no_path(database):
    assert effects(database, [((1, 2), False)], 2) == [0, 0]
    assert effects(database, [], 0) == []
