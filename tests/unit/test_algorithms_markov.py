"""Removal effects computed by one matrix inverse are those of removing each channel in turn."""

from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.algorithms.markov import CONVERSION, LOST, START, removal_effects

Walk = tuple[tuple[int, ...], bool]

# A busy machine is no failure.


@st.composite
def paths_over(draw):
    """(channels, paths): each channel is on some path, and one path converts."""
    channels = draw(st.integers(1, 6))
    walk = st.lists(st.integers(1, channels), min_size=1, max_size=6).map(tuple)
    paths = draw(st.lists(st.tuples(walk, st.booleans()), max_size=30))
    return channels, [*paths, (tuple(range(1, channels + 1)), True)]


def moves(paths: list[Walk]) -> Counter:
    """Moves from START or a channel to a channel, CONVERSION or LOST, counted."""
    counted: Counter = Counter()
    for channels, converts in paths:
        places = (START, *channels, CONVERSION if converts else LOST)
        counted.update(zip(places, places[1:], strict=False))
    return counted


def effects(paths: list[Walk]) -> list[float]:
    counted = moves(paths)
    origin, end = np.array(list(counted), dtype=np.int32).reshape(-1, 2).T
    return removal_effects(origin, end, np.array(list(counted.values()), dtype=np.int64)).tolist()


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
            if to == CONVERSION:
                row[-1] += share
            elif to not in (LOST, removed):
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


def test_the_worked_example():
    found = effects([((1, 2, 3), True), ((1,), False), ((2, 3), False)])
    assert found == pytest.approx([1 / 2, 1, 1])
    assert [effect / sum(found) for effect in found] == pytest.approx([0.2, 0.4, 0.4])


@given(paths_over())
def test_inverse_equals_removal_and_repeats_change_nothing(drawn):
    channels, paths = drawn
    whole = conversion(paths, channels)
    expected = [float(1 - conversion(paths, channels, removed) / whole) for removed in range(1, channels + 1)]
    assert effects(paths) == pytest.approx(expected, abs=1e-12)
    assert effects(collapsed(paths)) == pytest.approx(expected, abs=1e-12)


def test_no_conversion_and_no_path():
    assert effects([((1, 2), False)]) == [0, 0]
    assert effects([]) == []


def test_a_conversion_nobody_can_reach():
    """Channel 2 converts but no path starts towards it, as where paths were cut at the window's edge."""
    found = removal_effects(np.array([0, 1, 2, 2]), np.array([1, LOST, CONVERSION, 2]), np.array([1, 1, 1, 1]))
    assert found.tolist() == [0, 0]


def test_rows_of_one_move_are_added():
    """Of three moves out of channel 1, two convert, in whatever rows they come."""
    end = np.array([1, CONVERSION, 2, CONVERSION, CONVERSION, LOST])
    origin = np.array([START, 1, 1, 1, 2, 2])
    found = removal_effects(origin, end, np.array([3, 1, 1, 1, 1, 1]))
    assert found == pytest.approx([1, (1 / 3 * 1 / 2) / (2 / 3 + 1 / 3 * 1 / 2)])


@pytest.mark.parametrize(
    ("listed", "what"),
    [
        ([(0, 1, 1), (1, 2, 1), (2, 1, 1)], "no path that enters channel 1, 2 ends"),
        ([(0, 1, 1), (1, 2, 1), (1, 0, 1)], "no path that enters channel 2 ends"),
        ([(0, 0, 1)], "without a channel"),
        ([(0, -1, 1)], "without a channel"),
        ([(0, 1, 1), (2, 0, 1)], "from 0..2"),
        ([(-1, 1, 1), (1, 0, 1)], "from -1..1"),
        ([(0, 1, 1), (1, -2, 1)], "to -2..1"),
        ([(0, 1, 1), (1, 0, 0)], "made 0 times"),
    ],
)
def test_moves_that_are_not_those_of_whole_paths_are_an_error(listed, what):
    with pytest.raises(ValueError, match=what):
        removal_effects(*np.array(listed).T)
