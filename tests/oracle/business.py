"""The people of the business as known by a date: what each did, when they were acquired, in which stage they were."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from oracle.consent import Consent
from oracle.exports import Known, Landing, Row
from oracle.identity import Identity
from oracle.orders import Exchange, Order, priced_orders

INTENT_EVENTS = {"add_to_cart", "consult", "message_in"}
WINDOW_DAYS = 30


@dataclass
class Person:
    """A user with all that is theirs."""

    user: str
    known: Known
    contacts: list[Row] = field(default_factory=list)
    priced: list[Order] = field(default_factory=list)  # paid, not cancelled; by time of payment
    placed: list[Row] = field(default_factory=list)  # every order, whatever became of it
    touches: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    friendships: list[Row] = field(default_factory=list)
    friendship_versions: list[Row] = field(default_factory=list)
    joins: list[Row] = field(default_factory=list)
    contact_tags: list[Row] = field(default_factory=list)
    pushes: list[Row] = field(default_factory=list)
    coupons: list[Row] = field(default_factory=list)
    points: list[Row] = field(default_factory=list)
    memberships: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    stage_events: list[Row] = field(default_factory=list)
    is_restricted: bool = False

    @cached_property
    def orders(self) -> list[Order]:
        """The counted ones."""
        return [order for order in self.priced if order.is_counted]

    @cached_property
    def order_days(self) -> list[date]:
        return sorted({order.day for order in self.orders})

    @cached_property
    def registered_at(self) -> datetime | None:
        return min((c["registered_at"] for c in self.contacts if c["registered_at"]), default=None)

    def attribute(self, column: str) -> object:
        """Of the earliest-registered contact that has one; those never registered last, ties by id."""

        def place(contact: Row) -> tuple:
            registered = contact["registered_at"]
            return registered is None, registered.timestamp() if registered else 0, contact["contact_id"]

        return next((c[column] for c in sorted(self.contacts, key=place) if c[column] is not None), None)

    @cached_property
    def first_added(self) -> list[Row]:
        """Of each friendship the version with the earliest `added_at`: an addition stands though it was added again."""
        firsts: dict[tuple, Row] = {}
        for row in sorted(self.friendship_versions, key=lambda f: (f["added_at"], f["updated_at"])):
            firsts.setdefault((row["staff_id"], row["contact_id"]), row)
        return list(firsts.values())

    @property
    def first_friend_channel(self) -> str | None:
        """The channel that the friendship added first has by now."""
        firsts = [(f["added_at"], f["staff_id"], f["contact_id"]) for f in self.first_added]
        first = min(firsts, default=(None,))[1:]
        return next((f["channel_code"] for f in self.friendships if (f["staff_id"], f["contact_id"]) == first), None)

    @cached_property
    def acquired_at(self) -> datetime | None:
        moments = [join["joined_at"] for join in self.joins]
        if self.registered_at:
            moments.append(self.registered_at)
        moments += [first["added_at"] for first in self.first_added]
        if self.orders:
            moments.append(self.orders[0].paid_at)
        return min(moments, default=None)

    @cached_property
    def acquired_day(self) -> date | None:
        return self.known.local_day(self.acquired_at) if self.acquired_at else None

    @property
    def acquired_month(self) -> date | None:
        return self.acquired_day.replace(day=1) if self.acquired_day else None

    @cached_property
    def touches_in_order(self) -> list[Row]:
        return sorted(self.touches, key=lambda t: (t["occurred_at"], t["touch_id"]))

    @cached_property
    def acquired_channel(self) -> str:
        """Source, else earliest touch in the 30 days to the acquired day, else of first friend, order; else unknown."""
        source = self.attribute("source_channel_code")
        if source:
            return source
        for touch in self.touches_in_order:
            day = self.known.local_day(touch["occurred_at"])
            if self.acquired_day and 0 <= (self.acquired_day - day).days < WINDOW_DAYS:
                return touch["channel_code"]
        if self.first_friend_channel:
            return self.first_friend_channel
        if self.orders and self.orders[0].row["channel_code"]:
            return self.orders[0].row["channel_code"]
        return "unknown"

    @cached_property
    def intent_moments(self) -> set[datetime]:
        moments = [e["occurred_at"] for e in self.events if e["event_type"] in INTENT_EVENTS]
        moments += [f["first_reply_at"] for f in self.friendships if f["first_reply_at"]]
        return {*moments, *(j["joined_at"] for j in self.joins)}

    @cached_property
    def intent_days(self) -> set[date]:
        return {self.known.local_day(m) for m in self.intent_moments}

    @cached_property
    def activity_moments(self) -> set[datetime]:
        moments = [e["occurred_at"] for e in self.events] + [t["occurred_at"] for t in self.touches]
        moments += [o["placed_at"] for o in self.placed]
        moments += [f[c] for f in self.friendships for c in ("added_at", "first_reply_at") if f[c]]
        moments += [m["added_at"] for m in self.first_added]
        moments += [j["joined_at"] for j in self.joins]
        moments += [p[c] for p in self.pushes for c in ("opened_at", "clicked_at") if p[c]]
        return set(moments)

    @cached_property
    def activity_days(self) -> set[date]:
        return {self.known.local_day(m) for m in self.activity_moments}

    @cached_property
    def active_months(self) -> set[date]:
        """Months with any activity in them."""
        return {day.replace(day=1) for day in self.activity_days}

    def stage(self, day: date) -> str:
        """The lifecycle stage on a day from the acquired day on."""
        orders = [o for o in self.orders if o.day <= day]
        if not orders:
            window = {day - timedelta(days=k) for k in range(WINDOW_DAYS)}
            if self.intent_days & window:
                return "prospect_strong"
            if (day - self.acquired_day).days >= WINDOW_DAYS and not self.activity_days & window:
                return "zombie"
            return "prospect_weak"
        days = [d for d in self.order_days if d <= day]
        gap = (day - days[-1]).days
        if gap > 180:
            return "lost"
        if gap > 90:
            return "dormant"
        if gap > 45:
            return "at_risk"
        if len(days) > 1 and (days[-1] - days[-2]).days > 90:
            return "won_back"
        if len(orders) == 1:
            return "new"
        return "loyal" if len(orders) >= 4 else "active"

    @cached_property
    def stages(self) -> dict[date, str]:
        """Every day from the acquired day to the business date."""
        if self.acquired_day is None:
            return {}
        days = (self.known.day - self.acquired_day).days + 1
        return {d: self.stage(d) for d in (self.acquired_day + timedelta(days=k) for k in range(days))}

    @property
    def is_one_time(self) -> bool:
        return len(self.orders) == 1 and (self.known.day - self.orders[0].day).days >= 60

    @property
    def is_zombie(self) -> bool:
        return self.stages.get(self.known.day) == "zombie"


class Business:
    """Everyone and everything known by the end of `day`."""

    def __init__(self, landing: Landing, day: date, currency: str) -> None:
        self.known = known = Known(landing, day)
        self.day, self.exchange, self.consent = day, Exchange(known, currency), Consent(known)
        self.identity = identity = Identity(known)
        self.people = {user: Person(user, known) for user in identity.users}
        self.priced = priced_orders(known, identity, currency)
        self.counted = [order for order in self.priced if order.is_counted]
        for order in self.priced:
            self._give(order.user, "priced", order)
        for export, attribute, users in (
            ("orders", "placed", identity.of_order),
            ("touches", "touches", identity.of_touch),
            ("events", "events", identity.of_event),
        ):
            for row in known.rows(export):
                self._give(users[row[next(iter(row))]], attribute, row)
        for export in (
            "contacts", "friendships", "contact_tags", "pushes", "coupons", "points", "memberships", "stage_events",
        ):  # fmt: skip
            for row in known.rows(export):
                self._give(identity.of_contact_id(row["contact_id"]), export, row)
        for row in known.rows("group_members"):
            self._give(identity.of_contact_id(row["contact_id"]), "joins", row)
        for row in known.rows("reviews"):
            by_order = identity.of_order.get(row["order_id"])
            self._give(identity.of_contact_id(row["contact_id"]) or by_order, "reviews", row)
        for version in known.seen("friendships"):
            self._give(identity.of_contact_id(version.row["contact_id"]), "friendship_versions", version.row)
        for row in known.rows("erasure_requests"):
            if row["scope"] == "restrict" and identity.of_contact_id(row["contact_id"]):
                self.people[identity.of_contact_id(row["contact_id"])].is_restricted = True

    def _give(self, user: str | None, attribute: str, row: object) -> None:
        if user is not None:
            getattr(self.people[user], attribute).append(row)

    @property
    def acquired(self) -> list[Person]:
        """People with an acquired day: the others stand in no lifecycle, channel or referral figure."""
        return [person for person in self.people.values() if person.acquired_day is not None]

    def channel_of(self, user: str | None) -> str:
        """The acquired channel that an order or a join counts under."""
        return self.people[user].acquired_channel if user else "unknown"


def grouped(items: list, key: object) -> dict:
    """Items by what `key` gives for each."""
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


def months_between(first: date, last: date) -> list[date]:
    """First days of the months from one to the other, both included."""
    found = [first.replace(day=1)]
    while (after := next_month(found[-1])) <= last:
        found.append(after)
    return found


def next_month(month: date) -> date:
    """The first day of the calendar month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def has_ended(month: date, day: date) -> bool:
    """Whether the month's last day is over by the end of `day`."""
    return next_month(month) - timedelta(days=1) <= day
