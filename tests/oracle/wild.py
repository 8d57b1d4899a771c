"""A small business drawn at random where everything goes wrong that may.

Shared and changing identifiers, corrections that come late or tie, refunds of all sizes, foreign money, midnights and
clock changes, erased and restricted people.
"""

from datetime import UTC, date, datetime, timedelta
from random import Random

from oracle.delivery import Delivery

CURRENCIES = ("CNY", "CNY", "CNY", "CNY", "USD", "EUR")
CHANNELS = ("search_ads", "short_video", "social_posts", "store_qr", "referral", "fair", "not_listed")
SALES_CHANNELS = ("app", "mini_program", "marketplace", "group", "store", "live", "other")
EVENT_TYPES = ["browse", "search", "add_to_cart", "consult", "check_in", "share", "game", "content_view", "message_in"]
MEDIA = ("sms", "wechat_oa", "wecom", "app", "email", "weibo")
SKUS = [f"SKU{i:03d}" for i in range(8)] + ["WILD1", "WILD2", "NOT_LISTED"]
KEYWORDS = ("", "snacks", "tea, green", "gift")
STAFF = [f"S{i}" for i in range(1, 14)]
GROUPS = [f"G{i}" for i in range(1, 6)] + ["GX"]
STORES = ["WST0", "ST1", "ST2", "ST3", "WST4"]


class Wild:
    """Draws rows between `first` and `last` into a delivery."""

    def __init__(self, delivery: Delivery, seed: int, first: date, last: date, contacts: int = 80) -> None:
        self.delivery, self.draw, self.first, self.last = delivery, Random(seed), first, last
        self.contacts = [f"W{i:03d}" for i in range(contacts)]
        self.edges = [date(2024, 11, 3), date(2025, 3, 9), date(2024, 2, 29), date(2024, 12, 31), *delivery.dates]

    def chance(self, probability: float) -> bool:
        return self.draw.random() < probability

    def pick(self, options: object, empty: float = 0.0) -> object:
        """One of the options, or None with the probability `empty`."""
        return None if self.chance(empty) else self.draw.choice(options)

    def moment(self, after: datetime | None = None, within: int | None = None) -> datetime:
        """An instant in the business timezone, often around midnight; never after the last day."""
        low = after or datetime(self.first.year, self.first.month, self.first.day, tzinfo=self.delivery.zone)
        high = datetime(self.last.year, self.last.month, self.last.day, 23, 59, 59, tzinfo=self.delivery.zone)
        if within is not None:
            high = min(high, low + timedelta(days=within))
        if high <= low:
            return high
        seconds = self.draw.randrange(int((high - low).total_seconds()) + 1)
        at = (low + timedelta(seconds=seconds)).replace(microsecond=0)
        if self.chance(0.35):
            day = self.draw.choice(self.edges) if self.chance(0.3) else at.date()
            edge = datetime(day.year, day.month, day.day, tzinfo=self.delivery.zone)
            at = edge + timedelta(seconds=self.draw.choice((0, 0, 1, 86399, -1, 43200)))
        return min(max(at, low), high)

    def send(self, export: str, row: dict, updated_at: datetime) -> None:
        """Deliver a row: in time or late, perhaps twice, in one of several spellings of its instants."""
        later = self.pick((1, 2, 3)) if self.chance(0.12) else 0
        spelled = {name: self.spell(value) for name, value in row.items()}
        folder = self.delivery.add_known(export, spelled, updated_at, later)
        if self.chance(0.06) and folder < self.delivery.dates[-1]:
            self.again(export, spelled, updated_at)

    def again(self, export: str, row: dict, updated_at: datetime) -> None:
        """The same row once more, in the last folder."""
        last = self.delivery.dates[-1]
        if not self.delivery.holds(export, row, updated_at, last):
            self.delivery.add(export, row | {"updated_at": updated_at}, last)

    def correct(self, export: str, row: dict, change: dict, updated_at: datetime) -> None:
        """Another version: newer, or of the same instant in a later folder, or older and late (which never holds)."""
        kind = self.draw.random()
        if kind < 0.6:
            newer = self.moment(updated_at + timedelta(seconds=1), 60)
            if newer > updated_at:
                self.send(export, row | change, newer)
            return
        at = updated_at if kind < 0.85 else updated_at - timedelta(seconds=1)
        lowest = [v for k, v in (row | change).items() if k.endswith("_at") and k != "expires_at" and v]
        if at < max(lowest, default=at):
            return
        first = self.delivery.folder_of(updated_at.astimezone(self.delivery.zone).date())
        for folder in self.delivery.dates[self.delivery.dates.index(first) + 4 :][:1]:
            spelled = {name: self.spell(value) for name, value in (row | change).items()}
            if not self.delivery.holds(export, spelled, at, folder):
                self.delivery.add(export, spelled | {"updated_at": at}, folder)

    def spell(self, value: object) -> object:
        """Instants with their offset, in another zone, or local without one where that is clear."""
        if not isinstance(value, datetime):
            return value
        how = self.draw.randrange(3)
        if how == 0:
            return value.astimezone(self.delivery.zone)
        if how == 1:
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        local = value.astimezone(self.delivery.zone)
        is_clear = local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset()
        return local.replace(tzinfo=None) if is_clear else local

    # Identifiers. Two neighbours in the list share theirs, as one person with two contacts does; now and then anyone's
    # come in between, so that people merge and split. The shop's phone and the kiosk soon link nobody.

    def near(self, contact_id: str, stray: float = 0.03) -> int:
        """The number of the person's identifiers, now and then of somebody else's."""
        if contact_id not in self.contacts or self.chance(stray):
            return self.draw.randrange(len(self.contacts) // 2)
        return self.contacts.index(contact_id) // 2

    def phone(self, number: int) -> str | None:
        """A number in one of its spellings, the shop's, a foreign one, or no number at all."""
        roll = self.draw.random()
        if roll < 0.55:
            return None
        if roll < 0.65:
            number = 99
        elif roll < 0.69:
            return self.draw.choice(("12345", "000", "n/a"))
        elif roll < 0.74:
            return f"+44 7400 9000{number:02d}"
        digits = f"137000000{number:02d}"
        spaced = f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}"
        return self.draw.choice((digits, f"+86{digits}", spaced, f"0086{digits}"))

    def email(self, number: int) -> str | None:
        """An address in one of its spellings."""
        name = f"wild{number}@example.com"
        return self.pick((name, name.upper(), f" {name}", f"{name} ", name.title()), empty=0.75)

    def identifiers(self, contact_id: str, stray: float = 0.03, *, email: bool = False) -> dict:
        """What a row of this contact, or of nobody known, carries."""
        found = {
            "phone": self.phone(self.near(contact_id, stray)),
            "unionid": self.pick((f"wild-un{self.near(contact_id, stray)}",), empty=0.8),
            "device_id": self.pick(("kiosk", f"wild-dev{self.near(contact_id, stray)}"), empty=0.7),
        }
        return found | ({"email": self.email(self.near(contact_id, stray))} if email else {})

    def who(self, *, email: bool = False) -> dict:
        """A contact, a contact with more, or only what somebody carries."""
        contact_id = self.pick([*self.contacts, "GHOST"])
        roll = self.draw.random()
        carried = self.identifiers(contact_id, 0.001, email=email) if roll < 0.6 else {}
        return carried | {"contact_id": contact_id if roll > 0.3 else None}
