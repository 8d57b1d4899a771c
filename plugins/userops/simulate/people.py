"""What happens around a contact outside its orders: touches, friends, groups, events, messages, advertising."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from userops.simulate.book import Book, money
from userops.simulate.business import Channel
from userops.simulate.draw import Draw

BROWSING = ("browse", "browse", "search", "content_view", "share", "check_in")
INTENT = ("add_to_cart", "consult", "message_in")
CONSENT_OF = {"sms": "sms_consent", "email": "email_consent", "wechat_oa": "wechat_consent", "app": "app_push_consent"}
TOUCHPOINTS = {"store": "store_qr", "community_group": "group", "staff": "private_message", "social_content": "comment"}


@dataclass
class Person:
    """A contact row as it stands, and what the simulator knows about it."""

    contact: dict
    channel: Channel
    order_moments: list[datetime] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    @property
    def contact_id(self) -> str:
        return self.contact["contact_id"]

    @property
    def registered_at(self) -> datetime:
        return self.contact["registered_at"]


class Crm:
    """Writes the CRM side of people into a book; ids count up in the order of writing."""

    def __init__(self, book: Book, draw: Draw, staff_ids: list[str], group_ids: list[str], skus: list[str]) -> None:
        self.book, self.draw = book, draw
        self.staff_ids, self.group_ids, self.skus = staff_ids, group_ids, skus
        self._ids: dict[str, int] = {}

    def next_id(self, prefix: str) -> str:
        """The next id of a kind."""
        self._ids[prefix] = self._ids.get(prefix, 0) + 1
        return f"{prefix}{self._ids[prefix]:08d}"

    def register(self, person: Person) -> None:
        """The contact itself, and now and then a later change of it."""
        self.book.add("contacts", person.contact, person.registered_at)
        if not self.draw.chance(0.06):
            return
        at = self.draw.moment(person.registered_at.date() + timedelta(days=2 + self.draw.days(40)))
        # People opt out, and fill in what was empty; nobody's refusal is ever turned into consent.
        change = self.draw.pick(("sms_consent", "email_consent", "wechat_consent"))
        person.contact = person.contact | {change: False}
        self.book.add("contacts", person.contact, at)

    def touch(self, person: Person) -> None:
        """The meeting before registration: known by its device alone, then once more by contact."""
        if not self.draw.chance(0.75):
            return
        channel, contact = person.channel, person.contact
        row = {
            "channel_code": channel.code,
            "campaign_id": f"AD_{channel.code}" if channel.is_paid else None,
            "touchpoint": TOUCHPOINTS.get(channel.category, "landing_page"),
        }
        before = person.registered_at - timedelta(minutes=self.draw.between(2, 40))
        self._touch(row | {"device_id": contact.get("device_id")}, before)
        self._touch(row | {"contact_id": person.contact_id}, person.registered_at)

    def _touch(self, row: dict, at: datetime) -> None:
        self.book.add("touches", row | {"touch_id": self.next_id("T"), "occurred_at": at}, at)

    def befriend(self, person: Person, probability: float) -> None:
        """A friendship with a member of staff, perhaps answered, perhaps ended."""
        if not self.draw.chance(probability):
            return
        at = self.draw.moment(person.registered_at.date() + timedelta(days=self.draw.days(3)), person.registered_at)
        row = {
            "staff_id": self.draw.pick(self.staff_ids),
            "contact_id": person.contact_id,
            "added_at": at,
            "add_way": self.draw.pick(("scan", "search", "group", "share")),
            "channel_code": person.channel.code,
        }
        self.book.add("friendships", row, at)
        if self.draw.chance(0.6):
            row["first_reply_at"] = at = self.draw.soon(at)
            self.book.add("friendships", row, at)
        if self.draw.chance(0.08):
            row["deleted_at"] = at = self.draw.moment(at.date() + timedelta(days=1 + self.draw.days(30)))
            self.book.add("friendships", row, at)

    def join_group(self, person: Person, probability: float) -> None:
        """A group, perhaps left again."""
        if not self.draw.chance(probability):
            return
        at = self.draw.moment(person.registered_at.date() + timedelta(days=1 + self.draw.days(5)))
        row = {
            "group_id": self.draw.pick(self.group_ids),
            "contact_id": person.contact_id,
            "joined_at": at,
            "join_way": self.draw.pick(("invite", "scan", "link")),
        }
        person.groups.append(row["group_id"])
        self.book.add("group_members", row, at)
        if self.draw.chance(0.15):
            at = self.draw.moment(at.date() + timedelta(days=3 + self.draw.days(20)))
            self.book.add("group_members", row | {"left_at": at}, at)

    def behave(self, person: Person) -> None:
        """A look around after registering, and interest on the day of an order."""
        day = person.registered_at.date()
        for _ in range(self.draw.between(0, 3)):
            at = self.draw.moment(day + timedelta(days=self.draw.days(6)), person.registered_at)
            self._event(person, self.draw.pick(BROWSING), at)
        if self.draw.chance(0.35):
            self._event(person, self.draw.pick(INTENT), self.draw.soon(person.registered_at))
        for ordered in person.order_moments:
            if self.draw.chance(0.5):
                self._event(person, "add_to_cart", ordered - timedelta(minutes=self.draw.between(1, 10)))

    def _event(self, person: Person, kind: str, at: datetime) -> None:
        sku = self.draw.pick(self.skus) if self.skus and kind in ("browse", "search", "add_to_cart") else None
        row = {
            "event_id": self.next_id("E"),
            "contact_id": person.contact_id,
            "occurred_at": at,
            "event_type": kind,
            "device_id": person.contact.get("device_id"),
            "sku": sku,
        }
        self.book.add("events", row, at)

    def push(self, people: Iterable[Person], day: date) -> None:
        """The month's message to those who had consented by then, within the one day."""
        for person in people:
            media = [m for m, consent in CONSENT_OF.items() if person.contact.get(consent)]
            if person.registered_at.date() >= day or not media or not self.draw.chance(0.5):
                continue
            at = self.draw.moment(day).replace(hour=self.draw.between(9, 19))
            row = {
                "push_id": self.next_id("P"),
                "campaign_id": f"MSG_{day:%Y%m}",
                "contact_id": person.contact_id,
                "medium": self.draw.pick(media),
                "sent_at": at,
            }
            if self.draw.chance(0.96):
                row["delivered_at"] = at = at + timedelta(seconds=self.draw.between(1, 30))
                if self.draw.chance(0.30):
                    row["opened_at"] = at = self.draw.soon(at)
                    if self.draw.chance(0.25):
                        row["clicked_at"] = at = self.draw.soon(at, 5)
                    elif self.draw.chance(0.02):
                        row["unsubscribed_at"] = at = self.draw.soon(at, 5)
            self.book.add("pushes", row, at)

    def advertise(self, channel: Channel, day: date, people: float, currency: str) -> None:
        """A day of a paid channel: the reports, and for some a restatement the day after."""
        for keyword in channel.keywords:
            part = people / len(channel.keywords)
            clicks = int(part * 18 * (0.8 + 0.4 * self.draw.rng.random())) + 3
            cost = int(part * channel.cost_per_person * (0.9 + 0.2 * self.draw.rng.random())) + 100
            row = {
                "stat_date": day,
                "channel_code": channel.code,
                "campaign_id": f"AD_{channel.code}",
                "keyword": keyword,
                "impressions": clicks * self.draw.between(30, 60),
                "clicks": clicks,
                "cost": money(cost),
                "currency": currency,
            }
            at = datetime(day.year, day.month, day.day, 23, 50)
            self.book.add("ad_stats", row, at)
            if self.draw.chance(0.1):
                restated = row | {
                    "clicks": clicks + 1,
                    "impressions": row["impressions"] + 40,
                    "cost": money(cost + 55),
                }
                self.book.add("ad_stats", restated, at + timedelta(hours=10))
