"""What a person was like on a day, as far as it is known by the business date: what tags and audiences ask for.

Left open by the specification and taken from the published descriptions: which product is a slow mover, which
discount is deep and which rating low.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache

from oracle.business import Business, Person
from oracle.campaigns import PUSH_MAX_7D, SLOW_MOVER_SHARE
from oracle.consent import MEDIA
from oracle.exports import Row
from oracle.orders import Order
from oracle.referral import forest_of, referrer_of
from oracle.users import categories, is_reachable, ratio, rfm_on

SLOW_MOVER_DAYS, DEEP_DISCOUNT, LOW_RATING = 90, Decimal("0.2"), 2
CURRENT, SLIPPED = ("new", "active", "loyal", "won_back"), ("at_risk", "dormant", "lost")
DAYPARTS = {"morning": range(6, 12), "afternoon": range(12, 18), "evening": range(18, 24), "night": range(6)}


class On:
    """One person on one day from the acquired day on."""

    def __init__(self, business: Business, person: Person, day: date) -> None:
        self.business, self.person, self.day, self.known = business, person, day, business.known

    def ago(self, moment: datetime | None) -> int | None:
        """Days from a moment to the day; below 0 where it is yet to come."""
        return None if moment is None else (self.day - self.known.local_day(moment)).days

    def within(self, rows: Iterable[Row], column: str, days: int) -> list[Row]:
        """Rows whose moment lies in so many days to the day."""
        return [row for row in rows if row[column] is not None and 0 <= self.ago(row[column]) < days]

    def by_then(self, rows: Iterable[Row], column: str) -> list[Row]:
        return [row for row in rows if row[column] is not None and self.ago(row[column]) >= 0]

    def is_over(self, moment: datetime | None) -> bool:
        """Whether it came, by the day."""
        return moment is not None and self.ago(moment) >= 0

    @property
    def age(self) -> int | None:
        """The year of the day less the year of birth."""
        born = self.person.attribute("birth_year")
        return None if born is None else self.day.year - born

    @property
    def channel(self) -> Row:
        """The one that brought them, as it is listed; nothing where it is not."""
        listed = self.known.rows("channels")
        return next((row for row in listed if row["channel_code"] == self.person.acquired_channel), {})

    @cached_property
    def orders(self) -> list[Order]:
        return [order for order in self.person.orders if order.day <= self.day]

    def orders_within(self, days: int) -> list[Order]:
        return [order for order in self.orders if (self.day - order.day).days < days]

    @property
    def recency(self) -> int | None:
        return (self.day - self.orders[-1].day).days if self.orders else None

    @property
    def mean_gap(self) -> Fraction | None:
        return ratio((self.orders[-1].day - self.orders[0].day).days, len(self.orders) - 1) if self.orders else None

    @property
    def discounted(self) -> int:
        return sum(order.discount > 0 for order in self.orders)

    @property
    def deeply_discounted(self) -> int:
        return sum(order.discount > 0 and order.discount >= DEEP_DISCOUNT * order.gross for order in self.orders)

    def orders_by(self, sales_channel: str) -> int:
        return sum(order.row["sales_channel"] == sales_channel for order in self.orders)

    @property
    def slow_mover_orders(self) -> int:
        """Those of 30 days."""
        slow = slow_movers(self.business, self.day)
        return sum(any(line["sku"] in slow for line, _ in order.lines) for order in self.orders_within(30))

    @property
    def stage(self) -> str:
        return self.person.stage(self.day)

    @cached_property
    def spent(self) -> dict[str, Decimal]:
        """Converted line amounts of the categories bought so far."""
        of_sku, spent = categories(self.business), defaultdict(Decimal)
        for order in self.orders:
            for line, amount in order.lines:
                if line["sku"] in of_sku:
                    spent[of_sku[line["sku"]]] += amount
        return dict(spent)

    @cached_property
    def due(self) -> list[tuple[int, str]]:
        """Days until each category is needed again, counted from its last purchase; the first one first."""
        cycle = {row["sku"]: row["replenishment_days"] for row in self.known.rows("products")}
        of_sku, bought = categories(self.business), defaultdict(lambda: defaultdict(set))
        for order in self.orders:
            for line, _ in order.lines:
                if line["sku"] in of_sku:
                    bought[of_sku[line["sku"]]][order.day].add(cycle[line["sku"]])
        found = []
        for category, days in bought.items():
            cycles = days[max(days)] - {None}
            if cycles:
                found.append((min(cycles) - (self.day - max(days)).days, category))
        return sorted(found)

    @cached_property
    def activities(self) -> list[datetime]:
        """Moments of activity in the 90 days to the day, in the business timezone."""
        moments = self.person.activity_moments
        return [m.astimezone(self.known.zone) for m in moments if 0 <= self.ago(m) < 90]

    @property
    def is_active(self) -> bool:
        """In 30 days."""
        return any(self.ago(moment) < 30 for moment in self.activities)

    @property
    def intents(self) -> list[datetime]:
        """Moments of intent in 30 days."""
        return [moment for moment in self.person.intent_moments if 0 <= self.ago(moment) < 30]

    @property
    def daypart(self) -> str:
        counts = Counter(part for m in self.activities for part, hours in DAYPARTS.items() if m.hour in hours)
        return max(DAYPARTS, key=lambda part: counts[part])

    def events(self, kind: str, days: int) -> list[Row]:
        return [e for e in self.within(self.person.events, "occurred_at", days) if e["event_type"] == kind]

    @property
    def pushes(self) -> list[Row]:
        """Those sent in 90 days."""
        return self.within(self.person.pushes, "sent_at", 90)

    @property
    def opened(self) -> int:
        """Of the pushes, those opened by the day."""
        return sum(self.is_over(push["opened_at"]) for push in self.pushes)

    @property
    def is_tired(self) -> bool:
        return len(self.within(self.person.pushes, "sent_at", 7)) >= PUSH_MAX_7D

    def is_reachable(self, medium: str) -> bool:
        """By what is known on the business date, on every day."""
        return is_reachable(self.business, self.person, medium)

    @cached_property
    def media(self) -> list[str]:
        """Those they may be reached by."""
        return [medium for medium in MEDIA if self.is_reachable(medium)]

    @property
    def coupons(self) -> list[Row]:
        return self.by_then(self.person.coupons, "issued_at")

    @property
    def points(self) -> list[Row]:
        return self.by_then(self.person.points, "occurred_at")

    @cached_property
    def refunds(self) -> list[Row]:
        """Of all the person's orders, whatever became of them."""
        theirs = {order["order_id"] for order in self.person.placed}
        rows = [row for row in self.known.rows("refunds") if row["order_id"] in theirs]
        return self.by_then(rows, "refunded_at")

    @property
    def friends(self) -> set[str]:
        return {f["staff_id"] for f in self.by_then(self.person.friendships, "added_at")
                if not self.is_over(f["deleted_at"])}

    @property
    def staff_tags(self) -> set[str]:
        """Tags that staff gave; one without a time was there all along."""
        return {tag["tag_name"] for tag in self.person.contact_tags
                if (tag["added_at"] is None or self.is_over(tag["added_at"])) and not self.is_over(tag["removed_at"])}

    @property
    def groups(self) -> set[str]:
        return {j["group_id"] for j in self.by_then(self.person.joins, "joined_at") if not self.is_over(j["left_at"])}

    @property
    def memberships(self) -> list[Row]:
        """Those in force."""
        begun = self.by_then(self.person.memberships, "effective_at")
        return [m for m in begun if not self.is_over(m["expires_at"])]

    @property
    def plans(self) -> set[str]:
        return {m["plan"] for m in self.memberships}

    @property
    def level(self) -> int | None:
        """The one that took effect last, the highest of several."""
        levels = [(m["effective_at"], m["level"]) for m in self.memberships if m["plan"] == "level"]
        return max(levels)[1] if levels else None

    @property
    def ratings(self) -> list[int]:
        return [review["rating"] for review in self.by_then(self.person.reviews, "created_at")]

    @property
    def low_ratings(self) -> int:
        """Those of 90 days."""
        return sum(r["rating"] <= LOW_RATING for r in self.within(self.person.reviews, "created_at", 90))

    @property
    def is_referred(self) -> bool:
        return referrer_of(self.business, self.person) is not None

    @property
    def brought(self) -> list[Person]:
        """Those brought by then, rings apart."""
        theirs = forest_of(self.business).brought.get(self.person.user, [])
        people = [self.business.people[user] for user in theirs]
        return [person for person in people if person.acquired_day <= self.day]

    @property
    def rfm(self) -> Row:
        """The row of user_rfm; of one without an order in 365 days an empty one."""
        return rfm_on(self.business, self.day).get(self.person.user, {})


@lru_cache(maxsize=32)
def people_on(business: Business, day: date) -> list[On]:
    """Everyone acquired by a day."""
    return [On(business, person, day) for person in business.acquired if person.acquired_day <= day]


@lru_cache(maxsize=32)
def slow_movers(business: Business, day: date) -> set[str]:
    """Products launched before the 90 days that end 30 days earlier, and sold less than a fifth of the mean in them."""
    end = day - timedelta(days=30)
    sold = Counter()
    for product in business.known.rows("products"):
        if product["launched_on"] is None or (end - product["launched_on"]).days >= SLOW_MOVER_DAYS:
            sold[product["sku"]] = 0
    for order in business.counted:
        for line, _ in order.lines if 0 <= (end - order.day).days < SLOW_MOVER_DAYS else ():
            if line["sku"] in sold:
                sold[line["sku"]] += line["quantity"]
    return {sku for sku, units in sold.items() if units * len(sold) < SLOW_MOVER_SHARE * sold.total()}
