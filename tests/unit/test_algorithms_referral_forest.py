"""The referral forest agrees with a plain walk through random graphs, rings among them."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from userops.algorithms.referral_forest import NOBODY, referral_forest

FIGURES = ("inviter", "depth", "direct", "below", "levels_below", "ring_users")

# A busy machine is no failure.


@st.composite
def inviters(draw):
    """The inviter of each user, or NOBODY; users who invited themselves among them."""
    users = draw(st.integers(0, 12))
    return draw(st.lists(st.integers(NOBODY, users - 1), min_size=users, max_size=users))


def figures(given_inviters):
    forest = referral_forest(np.array(given_inviters, dtype=np.int64))
    columns = [getattr(forest, figure) for figure in FIGURES]
    assert {column.dtype for column in columns} == {np.dtype(np.int32)}
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(inviters())
@example([1, 2, 0, 0, 3])
@example([0])
def test_the_forest_is_that_of_a_plain_walk(some):
    assert figures(some) == walked(some)


def test_by_hand():
    """0 invited 1 and 2, 2 invited 3; 4, 5 and 6 form a ring that loses the edge of 4; 6 invited 7."""
    assert figures([NOBODY, 0, 0, 2, 6, 4, 5, 6]) == [
        (NOBODY, 0, 2, 3, 2, 0),
        (0, 1, 0, 0, 0, 0),
        (0, 1, 1, 1, 1, 0),
        (2, 2, 0, 0, 0, 0),
        (NOBODY, 0, 1, 3, 3, 3),
        (4, 1, 1, 2, 2, 0),
        (5, 2, 1, 1, 1, 0),
        (6, 3, 0, 0, 0, 0),
    ]


def chain(users, first=NOBODY):
    return np.concatenate([[first], np.arange(users - 1)])


def test_a_long_chain_costs_little_more_than_its_length():
    # Over all pairs of ancestors this would be 500 billion rows; a source that names each row's neighbour sends it.
    users = 1_000_000
    forest = referral_forest(chain(users))
    assert (forest.depth == np.arange(users)).all()
    assert (forest.below == np.arange(users)[::-1]).all()
    assert (forest.levels_below == forest.below).all()


def test_a_long_ring_is_the_chain_without_its_earliest_edge():
    users = 1_000_000
    ring, line = referral_forest(chain(users, first=users - 1)), referral_forest(chain(users))
    assert ring.ring_users[0] == users
    assert not ring.ring_users[1:].any()
    for figure in FIGURES[:-1]:
        assert (getattr(ring, figure) == getattr(line, figure)).all()


def test_the_input_stays_as_it_was():
    some = np.array([1, 0])
    referral_forest(some)
    assert some.tolist() == [1, 0]


@pytest.mark.parametrize("some", [[0, 2], [-2]])
def test_an_inviter_who_is_no_user_is_an_error(some):
    with pytest.raises(ValueError, match="users are numbered 0 to"):
        figures(some)


def walked(given_inviters: list[int]) -> list[tuple[int, ...]]:
    parent = dict(enumerate(given_inviters))
    rings = {min(ring): len(ring) for user in parent if user in (ring := line_above(user, parent))}
    parent |= dict.fromkeys(rings, NOBODY)
    lines = {user: line_above(user, parent) for user in parent}
    return [
        (
            parent[user],
            len(lines[user]),
            sum(parent[other] == user for other in parent),
            sum(user in line for line in lines.values()),
            max((line.index(user) + 1 for line in lines.values() if user in line), default=0),
            rings.get(user, 0),
        )
        for user in parent
    ]


def line_above(user: int, parent: dict[int, int]) -> list[int]:
    """Inviter, inviter's inviter, …, until nobody or somebody seen; of a user on a ring, the whole ring."""
    line: list[int] = []
    above = parent[user]
    while above != NOBODY and above not in line:
        line.append(above)
        above = parent[above]
    return line
