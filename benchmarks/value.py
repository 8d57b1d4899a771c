"""How long the scores take: `python benchmarks/value.py [--users 1000000] [--lines 25000000]`.

Prints seconds by the clock and by the processor (on a busy machine the second is the one to read), and the peak memory.
Customer value: buyers drawn from BG/NBD and Gamma-Gamma with known parameters, so the fit can be read against them.
Interests: taste by cluster and popularity, so the method has something to find.
"""

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from userops.algorithms import bg_nbd, gamma_gamma, interests, value

Result = TypeVar("Result")
TRUE = {"r": 0.25, "alpha": 4.5, "a": 0.8, "b": 2.5, "p": 6.0, "q": 4.0, "v": 15.0}
DAYS, CUT = 730, 90


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--lines", type=int, default=25_000_000)
    parser.add_argument("--products", type=int, default=5_000)
    parser.add_argument("--categories", type=int, default=50)
    given = parser.parse_args()
    random = np.random.default_rng(20250430)
    buyers = draw_buyers(random, given.users)
    history, spending = value.history(buyers), value.spending(buyers)
    timed(f"fit BG/NBD on {given.users:,} buyers", bg_nbd.fit, *history)
    timed("fit Gamma-Gamma on those who came again", gamma_gamma.fit, *spending)
    scored, models = timed("fit both, score, and the same as of 90 days ago", value.score_values, buyers, CUT, 20)
    for model in models:
        fitted = ", ".join(f"{n} {v:.4g} (true {TRUE[n]:g})" for n, v in (model.fit.parameters or {}).items())
        print(f"  {model.name}: {fitted}; held out: predicted {model.held[0]:,.0f}, came {model.held[1]:,.0f}")
    print(f"  expected orders in 365 days: {scored['expected_orders_365d'].sum():,.0f}")
    lines, catalogue = draw_lines(random, given)
    rules = interests.Rules(half_life=30, best=5)
    purchases = timed(f"sort {given.lines:,} lines", interests.Purchases, *lines)
    pairs = timed("decayed purchases a user and product", purchases.pairs, DAYS, rules.half_life)
    similar = timed("similarity of products and categories", interests.similarity, pairs, catalogue)
    found = timed("best 5 categories a user", interests.predict, pairs, catalogue, similar, rules.best)
    print(f"  {len(found):,} predictions")
    del pairs, similar, found, lines
    quality = timed("quality on the last 30 days", interests.quality, purchases, catalogue, DAYS - 30, rules)
    print("  " + ", ".join(f"{method} {hits / users:.3f}" for method, users, hits in quality))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


def timed(what: str, work: Callable[..., Result], *arguments: object) -> Result:
    clock, processor = time.perf_counter(), time.process_time()
    result = work(*arguments)
    print(f"{what}: {time.perf_counter() - clock:.1f} s ({time.process_time() - processor:.1f} s of processor)")
    return result


def draw_buyers(random: np.random.Generator, users: int) -> np.ndarray:
    """Buyers of the last 730 days as BG/NBD and Gamma-Gamma have them; several orders of a day are one."""
    rate = random.gamma(TRUE["r"], 1 / TRUE["alpha"], users) / 7
    leave = random.beta(TRUE["a"], TRUE["b"], users)
    spread = random.gamma(TRUE["q"], 1 / TRUE["v"], users)
    buyers = np.zeros(users, dtype=value.BUYER)
    buyers["user_no"] = np.arange(users)
    buyers["age_days"] = random.integers(0, DAYS, users)
    buyers["cut_age_days"] = buyers["age_days"] - CUT
    buyers["cut_frequency"] = np.where(buyers["cut_age_days"] >= 0, 0, -1)
    who, now = np.arange(users), np.zeros(users)
    while len(who):
        now = now + random.exponential(1 / np.maximum(rate[who], 1e-12))
        still = now <= buyers["age_days"][who]
        who, now = who[still], now[still]
        _add_order(buyers, who, np.floor(now).astype(int), random.gamma(TRUE["p"], 1 / spread[who]))
        stays = random.random(len(who)) >= leave[who]
        who, now = who[stays], now[stays]
    return buyers


def _add_order(buyers: np.ndarray, who: np.ndarray, day: np.ndarray, net: np.ndarray) -> None:
    new = day > buyers["recency_days"][who]
    before = new & (day <= buyers["cut_age_days"][who])
    after = day > buyers["cut_age_days"][who]
    buyers["frequency"][who] += new
    buyers["recency_days"][who] = day
    buyers["repeat_net"][who] += np.where(new, net, 0)
    buyers["cut_frequency"][who] += before
    buyers["cut_recency_days"][who] = np.where(before, day, buyers["cut_recency_days"][who])
    buyers["cut_repeat_net"][who] += np.where(before, net, 0)
    buyers["held_order_days"][who] += new & after
    buyers["held_net"][who] += np.where(new & after, net, 0)


def draw_lines(random: np.random.Generator, given: argparse.Namespace) -> tuple[tuple, interests.Catalogue]:
    """(users, products, days) of the lines: half by the user's cluster of five categories, half by popularity."""
    category = np.arange(given.products) * given.categories // given.products
    user = random.integers(0, given.users, given.lines).astype(np.int32)
    popular = random.permutation(given.products)[random.zipf(1.3, given.lines) % given.products]
    size = given.products // (given.categories // 5)
    own = user.astype(np.int64) * 7919 % (given.categories // 5) * size + popular % size
    product = np.where(random.random(given.lines) < 0.5, own, popular).astype(np.int32)
    day = random.integers(0, DAYS + 1, given.lines).astype(np.int32)
    return (user, product, day), interests.Catalogue(category, np.full(given.categories, 10))


if __name__ == "__main__":
    main()
