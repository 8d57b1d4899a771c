"""interest_predictions, interest_quality.

Interest of a user in a category: the sum over bought products of 0.5 ^ (age ÷ 30 days) a line × the sum of the cosines
with the products of the category, the product itself among them; cosine: buyers of both ÷ √(buyers × buyers).
"""

from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import lru_cache
from math import sqrt
from struct import pack, unpack

from oracle.business import Business
from oracle.users import categories, ratio

HALF_LIFE, BEST, HOLDOUT_DAYS = 30, 5, 30

Lines = dict[str, list[tuple[str, date]]]


def _bought(business: Business) -> Lines:
    """(product, order day) of the lines of each buyer's counted orders."""
    of_sku, found = categories(business), defaultdict(list)
    for order in business.counted:
        if order.user:
            found[order.user] += [(line["sku"], order.day) for line, _ in order.lines if line["sku"] in of_sku]
    return found


class Interests:
    """What was bought up to a day, and what follows from it for the days after."""

    def __init__(self, business: Business, lines: Lines, day: date) -> None:
        self.day, self.of_sku = day, categories(business)
        self.lines = {user: [one for one in theirs if one[1] <= day] for user, theirs in lines.items()}
        self.lines = {user: theirs for user, theirs in self.lines.items() if theirs}
        self.buyers = defaultdict(set)
        for user, theirs in self.lines.items():
            for sku, _ in theirs:
                self.buyers[sku].add(user)
        cycles = defaultdict(set)
        for row in business.known.rows("products"):
            cycles[row["category"]].add(row["replenishment_days"])
        # How soon the first of a category's products is needed again; None where all are bought once.
        self.cycle = {category: min(found - {None}, default=None) for category, found in cycles.items()}
        self.near = {sku: self._near(sku) for sku in self.buyers}

    def _near(self, sku: str) -> Counter:
        """The sum of the product's cosines with the products of each category."""
        near, own = Counter(), self.buyers[sku]
        for other, theirs in self.buyers.items():
            near[self.of_sku[other]] += len(own & theirs) / sqrt(len(own) * len(theirs))
        return near

    def weights(self, user: str) -> dict[str, float]:
        """The decayed lines of each bought product."""
        found = defaultdict(float)
        for sku, day in self.lines[user]:
            found[sku] += 0.5 ** ((self.day - day).days / HALF_LIFE)
        return found

    def last_bought(self, user: str) -> dict[str, int]:
        """Days since each category was bought last."""
        found: dict[str, int] = {}
        for sku, day in self.lines[user]:
            category, days = self.of_sku[sku], (self.day - day).days
            found[category] = min(days, found.get(category, days))
        return found

    def best(self, user: str) -> list[tuple[str, float]]:
        """The five categories of most interest that may be needed."""
        scores, last = Counter(), self.last_bought(user)
        for sku, weight in self.weights(user).items():
            for category, near in self.near[sku].items():
                scores[category] += weight * near
        for category, days in last.items():
            if self.cycle[category] is None or days < self.cycle[category]:
                del scores[category]
        return _first(scores)

    def reason(self, user: str, category: str) -> str:
        """The bought category that speaks most for it."""
        gives, last = Counter(), self.last_bought(user)
        for sku, weight in self.weights(user).items():
            gives[self.of_sku[sku]] += weight * self.near[sku][category]
        because = _first(gives)[0][0]
        ago = {0: "today", 1: "1 day ago"}.get(last[because], f"{last[because]} days ago")
        again, together = f"needed again after {self.cycle[category]} days", f"often bought together with {category}"
        return f"bought {because} {ago}; {again if because == category else together}"

    def own(self, user: str) -> list[str]:
        """The categories the user bought most of."""
        counts = Counter()
        for sku, weight in self.weights(user).items():
            counts[self.of_sku[sku]] += weight
        return [category for category, _ in _first(counts)]

    def popular(self) -> list[str]:
        """The categories that all together bought most of."""
        counts = Counter()
        for user in self.lines:
            for sku, weight in self.weights(user).items():
                counts[self.of_sku[sku]] += weight
        return [category for category, _ in _first(counts)]


def _first(scores: Counter) -> list[tuple[str, float]]:
    """The five highest above 0, as single precision tells them apart; ties by name."""
    found = [(name, _single(score)) for name, score in scores.items() if score > 0]
    return sorted(found, key=lambda one: (-one[1], one[0]))[:BEST]


def _single(number: float) -> float:
    return unpack("f", pack("f", number))[0]


@lru_cache(maxsize=8)
def _lines_of(business: Business) -> Lines:
    return _bought(business)


def interest_predictions(business: Business) -> list[dict]:
    """One row per user × category, best 5; the score is compared in its place among them."""
    interests = Interests(business, _lines_of(business), business.day)
    return [
        {"user_id": user, "category": category, "rank": rank, "reason": interests.reason(user, category)}
        for user in interests.lines
        for rank, (category, _) in enumerate(interests.best(user), 1)
    ]


def interest_quality(business: Business) -> list[dict]:
    """One row per method: guesses of 30 days ago against what was bought since by those who had bought before."""
    lines, cut = _lines_of(business), business.day - timedelta(days=HOLDOUT_DAYS)
    then = Interests(business, lines, cut)
    later = {user: {then.of_sku[sku] for sku, day in theirs if day > cut} for user, theirs in lines.items()}
    asked = [user for user in then.lines if later[user]]
    popular = then.popular()
    guesses = {
        "interest": lambda user: [category for category, _ in then.best(user)],
        "popularity": lambda user: popular,
        "history": then.own,
    }
    rows = []
    for method, guess in guesses.items():
        hits = sum(bool(later[user] & set(guess(user))) for user in asked)
        rows.append({"method": method, "users": len(asked), "hits": hits, "hit_rate": ratio(hits, len(asked))})
    return rows
