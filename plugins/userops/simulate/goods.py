"""What is on sale: products, what each taste likes, and what promotions lift."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from userops.simulate.assumptions import Assumptions, Money
from userops.simulate.clock import Clock

ONCE = 0
# What a taste does not name still gets a little.
BESIDES = 0.15


@dataclass(frozen=True)
class Promotion:
    """Days on which some products sell better."""

    code: str
    name: str
    offer: str
    first: date
    last: date
    lifts: np.ndarray


class Goods:
    """Products as arrays, by number; `cycle` is ONCE where a product is bought once."""

    def __init__(self, assumptions: Assumptions, money: Money, clock: Clock) -> None:
        self.rows = _rows(assumptions)
        self.price = money.cents(np.array([row["price"] for row in self.rows]))
        every = assumptions["unknown_cost_every"]
        known = np.arange(len(self.rows)) % every != every - 1
        self.cost = np.where(known, np.round(self.price * assumptions["cost_rate"]).astype(np.int64), -1)
        self.cycle = np.array([row["cycle"] or ONCE for row in self.rows])
        self.categories = list(dict.fromkeys(row["category"] for row in self.rows))
        self.category = np.array([self.categories.index(row["category"]) for row in self.rows])
        self.is_slow = np.array([row["slow"] for row in self.rows])
        self.promotions = _promotions(assumptions, self, clock)
        self.tastes = [taste["code"] for taste in assumptions["tastes"]]
        self.taste_shares = np.array([taste["share"] for taste in assumptions["tastes"]])
        self.popularity = np.array([row["popularity"] for row in self.rows])
        self.likes = np.array([self._liking(taste["likes"]) for taste in assumptions["tastes"]])
        self.state_of_day = np.zeros(clock.nights + 1, dtype=np.int64)
        for number, promotion in enumerate(self.promotions, 1):
            first, last = clock.number(promotion.first), clock.number(promotion.last)
            self.state_of_day[max(first, 0) : max(last + 1, 0)] = number
        lifts = [np.ones(len(self.rows)), *(promotion.lifts for promotion in self.promotions)]
        self._anything = _ladder(lifts, self.likes)
        self._again = _ladder(lifts, self.likes * (self.cycle != ONCE))

    def _liking(self, likes: dict) -> np.ndarray:
        """A taste's weights over the products."""
        rest = BESIDES / len({row["family"] for row in self.rows})
        weights = np.array([likes.get(row["family"], 0) + rest for row in self.rows]) * self.popularity
        return weights / weights.sum()

    def pick(self, chance: np.random.Generator, taste: np.ndarray, day: np.ndarray, *, again: bool) -> np.ndarray:
        """A product for each taste on each day; with `again` one that is bought more than once."""
        ladder = self._again if again else self._anything
        steps = self.state_of_day[day] * len(self.tastes) + taste
        found = np.searchsorted(ladder, steps + chance.random(len(taste)), side="right")
        return np.minimum(found - steps * len(self.rows), len(self.rows) - 1)


def _ladder(lifts: list[np.ndarray], likes: np.ndarray) -> np.ndarray:
    """Cumulated shares, one stretch from n to n + 1 for each promotion and taste: one search draws them all."""
    stretches = []
    for lift in lifts:
        for weights in likes * lift:
            shares = np.cumsum(weights) / weights.sum()
            shares[-1] = 1.0
            stretches.append(len(stretches) + shares)
    return np.concatenate(stretches)


def _rows(assumptions: Assumptions) -> list[dict]:
    rows, variants, slow = [], assumptions["variants"], assumptions["slow_movers"]
    listed = [(family, *of_it) for family, categories in assumptions["goods"].items() for of_it in categories.items()]
    for place, (family, category, (price, cycle, popularity)) in enumerate(listed, 1):
        for name, factor, share in zip(*(variants[key] for key in ("names", "prices", "popularity")), strict=True):
            is_slow = name == variants["names"][-1] and place % slow["every"] == 0
            rows.append({
                "family": family, "category": category, "subcategory": name, "price": round(price * factor, 2),
                "cycle": cycle, "slow": is_slow, "name": f"{category}, {name.lower()}",
                "popularity": popularity * (slow["popularity"] if is_slow else share),
            })
    return rows


def _promotions(assumptions: Assumptions, goods: Goods, clock: Clock) -> list[Promotion]:
    found = []
    for month in clock.months():
        for given in (given for given in assumptions["promotions"] if month.month in given["months"]):
            first = month.replace(day=given["day"])
            chosen = goods.is_slow if given.get("slow_movers") else np.array(
                [row["family"] == given["family"] for row in goods.rows])
            found.append(Promotion(
                f"PROMO_{first:%Y%m%d}", f"{given['name']} {first.year}", given["offer"], first,
                first + timedelta(days=given["days"] - 1), np.where(chosen, given["lift"], 1.0),
            ))
    return found


def products(goods: Goods, start: date) -> list[dict]:
    """The products export."""
    return [
        {
            "sku": sku(number), "product_name": row["name"], "category": row["category"],
            "subcategory": row["subcategory"], "brand": f"Brand {number % 4 + 1}",
            "list_price": amount(int(goods.price[number])),
            "unit_cost": amount(int(goods.cost[number])) if goods.cost[number] >= 0 else None,
            "replenishment_days": row["cycle"], "launched_on": start - timedelta(days=30),
        }
        for number, row in enumerate(goods.rows)
    ]


def sku(number: int) -> str:
    """The product's code."""
    return f"SKU{number:03d}"


def amount(cents: int) -> str:
    """Cents with two places."""
    return f"{cents // 100}.{cents % 100:02d}"
