"""Customer value, interests, Markov credits and the referral forest: read, compute, write."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from userops.algorithms import interests, markov, value
from userops.algorithms.referral_forest import NOBODY, referral_forest
from userops.checks import CheckResult
from userops.scoring import Store, tables
from userops.scoring.arrow import assert_numbered, read_columns, to_arrow

EPOCH = date(1970, 1, 1)


def score(store: Store, bounds: Mapping[str, float], business_date: date) -> list[CheckResult]:
    """Score everything as of the business date; see `userops.scoring.score`."""
    write_channels(store)
    write_referrals(store)
    write_interests(store, bounds, (business_date - EPOCH).days)
    return write_values(store, bounds)


def write_values(store: Store, bounds: Mapping[str, float]) -> list[CheckResult]:
    """Fit both models of customer value on all buyers and score them."""
    columns = read_columns(store, tables.BUYERS, value.BUYER)
    buyers = np.empty(len(columns["user_no"]), dtype=value.BUYER)
    # One order of rows, whatever the engine's: sums of floats depend on it in their last digit.
    order = np.argsort(columns["user_no"])
    for name in value.BUYER.names:
        buyers[name] = columns.pop(name)[order]
    scored, models = value.score_values(buyers, bounds["value_holdout_days"], bounds["value_min_repeat_buyers"])
    store.write("build.score_user_values", to_arrow(scored, tables.USER_VALUES))
    rows = [row for model in models for row in model.rows()]
    store.write("build.score_value_models", pa.Table.from_pylist(rows, tables.VALUE_MODELS))
    return [judge(model) for model in models]


def write_interests(store: Store, bounds: Mapping[str, float], day: int) -> None:
    """Predict the next categories of every buyer as of day number `day` (days since 1970-01-01)."""
    catalogue = read_catalogue(store)
    purchases = interests.Purchases(*read_columns(store, tables.PURCHASES, interests.PURCHASE).values())
    rules = interests.Rules(bounds["interest_half_life_days"], bounds["interest_best"])
    pairs = purchases.pairs(day, rules.half_life)
    found = interests.predict(pairs, catalogue, interests.similarity(pairs, catalogue), rules.best)
    del pairs
    store.write("build.score_interests", to_arrow(found, tables.INTERESTS))
    del found
    quality = interests.quality(purchases, catalogue, day - bounds["interest_holdout_days"], rules)
    rows = [dict(zip(tables.INTEREST_QUALITY.names, row, strict=True)) for row in quality]
    store.write("build.score_interest_quality", pa.Table.from_pylist(rows, tables.INTEREST_QUALITY))


def read_catalogue(store: Store) -> interests.Catalogue:
    """Read products and categories in the order of their numbers."""
    products = read_columns(store, tables.PRODUCTS, tables.PRODUCT)
    categories = read_columns(store, tables.CATEGORIES, tables.CATEGORY)
    assert_numbered(tables.PRODUCTS, "sku_no", products["sku_no"])
    assert_numbered(tables.CATEGORIES, "category_no", categories["category_no"])
    return interests.Catalogue(
        products["category_no"][np.argsort(products["sku_no"])],
        categories["replenishment_days"][np.argsort(categories["category_no"])],
    )


def write_channels(store: Store) -> None:
    """Write the removal effect of every channel."""
    moves = read_columns(store, tables.CHANNEL_MOVES, tables.MOVE, if_null={"to_channel": markov.LOST})
    effects = markov.removal_effects(moves["from_channel"], moves["to_channel"], moves["paths"])
    channels = np.arange(1, len(effects) + 1, dtype=np.int32)
    store.write("build.markov_effects", to_arrow({"channel": channels, "effect": effects}, tables.EFFECTS))


def write_referrals(store: Store) -> None:
    """Write each user's place in the referral forest."""
    users = read_columns(store, tables.INVITERS, tables.INVITER, if_null={"inviter_no": NOBODY})
    assert_numbered(tables.INVITERS, "user_no", users["user_no"])
    forest = referral_forest(users["inviter_no"][np.argsort(users["user_no"])])
    columns = {
        "user_no": np.arange(len(forest.inviter), dtype=np.int32),
        "inviter_no": np.ma.masked_equal(forest.inviter, NOBODY),
        "depth": forest.depth,
        "direct": forest.direct,
        "indirect": forest.below - forest.direct,
        "levels_below": forest.levels_below,
        "ring_users": np.ma.masked_equal(forest.ring_users, 0),
    }
    store.write("build.referral_forest", to_arrow(columns, tables.FOREST))


def judge(model: value.Model) -> CheckResult:
    """Say what became of a model: a warning where no maximum was found among enough users.

    A fit at its edge is as little anyone's fault as too few users: the data do not say more.
    """
    figures = ", ".join(f"{name} {number:.4g}" for name, number in (model.fit.parameters or {}).items())
    failed = model.fit.parameters is None and model.fit.enough
    return CheckResult(
        check=f"{model.name}_fitted",
        layer="scores",
        subject="value_model",
        severity="warning" if failed else "info",
        passed=model.fit.is_usable,
        observed="; ".join(text for text in (figures, model.fit.note) if text),
        expected="a maximum of the likelihood inside the range of every parameter",
    )
