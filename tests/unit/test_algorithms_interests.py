"""Interests: held against the definition written out, its exclusions day by day, and a small world with taste."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userops.algorithms import interests
from userops.algorithms.interests import NEVER, Catalogue, Purchases, Rules

# A busy machine is no failure.
TODAY = 20_000
HALF_LIFE = 30.0


def purchases(lines):
    user, sku, days_ago = np.array(lines, dtype=np.int64).reshape(-1, 3).T
    return Purchases(user.astype(np.int32), sku.astype(np.int32), (TODAY - days_ago).astype(np.int32))


def predict(lines, catalogue, best=5, day=TODAY):
    pairs = purchases(lines).pairs(day, HALF_LIFE)
    return interests.predict(pairs, catalogue, interests.similarity(pairs, catalogue), best)


def as_defined(lines, catalogue):
    """{(user, category): score} with loops over users, products and categories."""
    users = 1 + max(user for user, _, _ in lines)
    bought = np.zeros((users, len(catalogue.category)))
    weight, last = np.zeros_like(bought), {}
    for user, sku, days_ago in lines:
        bought[user, sku] = 1
        weight[user, sku] += 0.5 ** (days_ago / HALF_LIFE)
        cell = (user, catalogue.category[sku])
        last[cell] = min(last.get(cell, days_ago), days_ago)
    both, each = bought.T @ bought, bought.sum(axis=0)
    scores = {}
    for user in range(users):
        for category, needed_again in enumerate(catalogue.replenishment):
            score = sum(
                weight[user, i] * both[i, j] / np.sqrt(each[i] * each[j])
                for i in np.flatnonzero(bought[user])
                for j in np.flatnonzero((catalogue.category == category) & (each > 0))
            )
            ago = last.get((user, category))
            if score > 0 and (ago is None or (needed_again != NEVER and ago >= needed_again)):
                scores[user, category] = score
    return scores


def catalogue_of(sizes):
    """So many products a category; every third category is needed once, the others after 5, 15, 35, … days."""
    needed_again = [NEVER if i % 3 == 2 else 10 * i + 5 for i in range(len(sizes))]
    return Catalogue(np.repeat(np.arange(len(sizes)), sizes), np.array(needed_again))


catalogues = st.lists(st.integers(0, 5), min_size=1, max_size=6).map(catalogue_of)


@st.composite
def worlds(draw):
    catalogue = draw(catalogues.filter(lambda c: len(c.category)))
    line = st.tuples(st.integers(0, 6), st.integers(0, len(catalogue.category) - 1), st.integers(0, 90))
    return draw(st.lists(line, min_size=1, max_size=40)), catalogue


@given(worlds(), st.sampled_from([1, 2, 3, 100]))
def test_predictions_are_the_best_of_the_definition(world, users_at_once):
    lines, catalogue = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interests, "USERS_AT_ONCE", users_at_once)
        found = predict(lines, catalogue, best=3)
    expected = as_defined(lines, catalogue)
    for user in {user for user, _ in expected}:
        mine = found[found["user_no"] == user]
        scores = sorted((score for (who, _), score in expected.items() if who == user), reverse=True)
        assert list(mine["rank"]) == list(range(1, len(mine) + 1))
        assert mine["score"] == pytest.approx(scores[:3], rel=1e-5)
        assert [expected[user, c] for c in mine["category_no"]] == pytest.approx(list(mine["score"]), rel=1e-5)
        assert len(set(mine["category_no"])) == len(mine)
    assert {int(user) for user in found["user_no"]} == {user for user, _ in expected}


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_bit(world, random):
    lines, catalogue = world
    shuffled = random.sample(lines, len(lines))
    assert predict(lines, catalogue).tobytes() == predict(shuffled, catalogue).tobytes()


def test_by_hand():
    """Two buyers of tea (0), one of whom bought cups (1): cosine 1 / sqrt(2 x 1); 30 days halve a purchase."""
    catalogue = Catalogue(np.array([0, 1]), np.array([30, 30]))
    found = predict([(0, 0, 30), (1, 0, 0), (1, 1, 0)], catalogue)
    rows = [tuple(row) for row in found[found["user_no"] == 0]]
    assert rows == [(0, 0, 1, 0.5, 0, 30), (0, 1, 2, np.float32(0.5 / np.sqrt(2)), 0, 30)]


@pytest.mark.parametrize(
    ("needed_again", "days_ago", "shown"), [(30, 29, False), (30, 30, True), (NEVER, 90, False), (1, 0, False)]
)
def test_a_category_bought_is_left_out_until_it_is_needed_again(needed_again, days_ago, shown):
    found = predict([(0, 0, 90), (0, 0, days_ago)], Catalogue(np.array([0]), np.array([needed_again])))
    assert bool(len(found)) is shown


def test_ties_go_to_the_first_category_by_name():
    """Four categories, each bought by all on one day and needed again: the same score for each."""
    lines = [(user, sku, 10) for user in range(3) for sku in range(4)]
    found = predict(lines, Catalogue(np.arange(4), np.full(4, 5)), best=3)
    assert list(found["category_no"][:3]) == [0, 1, 2]
    assert list(found["because_no"][:3]) == [0, 0, 0]


def test_the_reason_is_the_category_that_gives_most():
    """Cups go with tea; the one line of nuts of the same day goes with nothing else."""
    catalogue = Catalogue(np.array([0, 1, 2]), np.array([NEVER, NEVER, NEVER]))
    found = predict([(0, 1, 9), (0, 2, 9), (1, 0, 1), (1, 2, 1), (2, 1, 1)], catalogue)
    mine = found[found["user_no"] == 0]
    assert [tuple(row)[1:3] + tuple(row)[4:] for row in mine] == [(0, 1, 2, 9)]


def test_nobody_bought_anything():
    empty = purchases([])
    catalogue = Catalogue(np.zeros(0, dtype=int), np.zeros(0, dtype=int))
    pairs = empty.pairs(TODAY, HALF_LIFE)
    assert len(interests.predict(pairs, catalogue, interests.similarity(pairs, catalogue), 5)) == 0
    quality = interests.quality(empty, catalogue, TODAY - 30, Rules(HALF_LIFE, 5))
    assert quality == [("interest", 0, 0), ("popularity", 0, 0), ("history", 0, 0)]


def test_quality_by_hand():
    """Cut 30 days ago, two guesses each. The cut's own day is history, the day after it is held out; 3 came after it.

    0 bought tea, then cups; 1 cups, then nuts; 2 tea on the day of the cut, then tea before it was needed again.
    """
    tea, cups, nuts = 0, 1, 2
    catalogue = Catalogue(np.array([tea, cups, nuts]), np.array([20, 20, 20]))
    lines = [
        (0, tea, 60), (1, cups, 60), (2, tea, 30), (4, tea, 50), (4, cups, 50),
        (5, nuts, 50), (6, nuts, 50), (7, nuts, 50),
        (0, cups, 29), (1, nuts, 10), (2, tea, 5), (3, tea, 5), (3, nuts, 1),
    ]  # fmt: skip
    quality = interests.quality(purchases(lines), catalogue, TODAY - 30, Rules(half_life=30, best=2))
    # interest: tea and cups for 0 (hit), cups and tea for 1, cups for 2 (tea is left out). popularity: tea and nuts for
    # all (hits for 1 and 2). history: tea for 0, cups for 1, tea for 2 (hit).
    assert quality == [("interest", 3, 1), ("popularity", 3, 2), ("history", 3, 1)]
    # As many guesses as there are categories are always right: they tell nothing of a method.
    all_named = interests.quality(purchases(lines), catalogue, TODAY - 30, Rules(half_life=30, best=3))
    assert all_named == [("interest", 0, 0), ("popularity", 0, 0), ("history", 0, 0)]


def world_with_taste(seed, users=600, clusters=5, each=5, products=3, days=180):
    """People mostly buy from their cluster of categories, none before it is needed again, two of five never twice."""
    random = np.random.default_rng(seed)
    categories = clusters * each
    needed_again = np.where(np.arange(categories) % each < 2, NEVER, 10 + 5 * (np.arange(categories) % each))
    popular = random.dirichlet(np.full(categories, 2.0))
    lines = []
    for user in range(users):
        taste = np.where(np.arange(categories) // each == random.integers(clusters), 0.8 / each, 0) + 0.2 * popular
        last, day = {}, random.integers(0, days - 30)
        while day < days:
            chance = taste.copy()
            for category, then in last.items():
                if needed_again[category] == NEVER or day - then < needed_again[category]:
                    chance[category] = 0
            category = random.choice(categories, p=chance / chance.sum())
            last[category] = day
            lines.append((user, category * products + random.integers(products), days - day))
            day += 1 + int(random.exponential(12))
    return lines, Catalogue(np.repeat(np.arange(categories), products), needed_again)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_interest_is_ahead_of_popularity_and_of_history(seed):
    lines, catalogue = world_with_taste(seed)
    quality = {m: h / u for m, u, h in interests.quality(purchases(lines), catalogue, TODAY - 30, Rules(HALF_LIFE, 5))}
    assert quality["interest"] > 1.1 * max(quality["popularity"], quality["history"])
