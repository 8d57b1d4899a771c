"""What people do besides buying: touches with channels, and events in the app, the shop and the chat."""

from dataclasses import dataclass

import numpy as np

from userops.simulate import identifiers
from userops.simulate.clock import DAY, NEVER
from userops.simulate.csv_columns import ident, table, word
from userops.simulate.goods import sku
from userops.simulate.people import SHARED, Crowd
from userops.simulate.purchases import Purchases
from userops.simulate.world import World, in_order, pick, ranks, waits

TOUCHPOINTS = {"store": "store_qr", "community_group": "group", "staff": "private_message", "social_content": "comment"}
# Where people meet the business before, and where they come back from.
MET_BY = {"short_video": 0.2, "social_posts": 0.35, "search_ads": 0.25, "feed_ads": 0.2}
BACK_BY = {"social_posts": 0.35, "search_ads": 0.3, "groups": 0.2, "staff_wecom": 0.15}
NAMED, BY_DEVICE, BY_TYPED, STRANGER = range(4)
EVENTS = ("browse", "search", "add_to_cart", "consult", "check_in", "share", "game", "content_view", "message_in")
# A week of each, for the people of the trait, as long as they take part.
HABITS = (("checks_in", "check_in", 1.5), ("reads_content", "content_view", 0.8), ("plays_games", "game", 0.6))
PAST_THE_END = 7
TAKES_PART_DAYS = 30
# Nearly everyone who is met before their first day is met within so many days of it.
MET_WITHIN = 30 * DAY


@dataclass
class Deeds:
    """Rows of one kind on their way into an export, as arrays."""

    person: list[np.ndarray]
    at: list[np.ndarray]
    what: list[np.ndarray]
    how: list[np.ndarray]

    @classmethod
    def none(cls) -> "Deeds":
        return cls([], [], [], [])

    def add(self, person: np.ndarray, at: np.ndarray, what: np.ndarray | int, how: np.ndarray | int) -> None:
        """More rows; a number alone holds for all of them."""
        self.person.append(person)
        self.at.append(at)
        self.what.append(np.broadcast_to(what, len(person)))
        self.how.append(np.broadcast_to(how, len(person)))

    def sorted(self) -> tuple[np.ndarray, ...]:
        """All rows by person and moment."""
        whole = [np.concatenate(getattr(self, name)) for name in ("person", "at", "what", "how")]
        order = in_order(whole[0], whole[1])
        return tuple(part[order] for part in whole)


def write_touches(
    world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases
) -> tuple[np.ndarray, np.ndarray]:
    """Meetings before, at the first day and before orders; and strangers. Gives who was active when."""
    deeds = Deeds.none()
    everyone = np.arange(len(crowd))
    met = np.repeat(everyone, np.where(crowd.names_source, pick(chance, [0.45, 0.3, 0.15, 0.1], len(crowd)), 0))
    before = crowd.born[met] - 120 - (chance.exponential(5, len(met)) * DAY).astype(np.int64)
    own = chance.random(len(met)) < 0.4
    how = np.where(crowd.has["device_id"][met] & (crowd.device[met] != SHARED), BY_DEVICE, BY_TYPED)
    through = np.where(own, crowd.channel[met], _by(world, chance, MET_BY, len(met)))
    deeds.add(met, before, through, how)
    # Those who come after the last night are met before it, as strangers: without them its days would be too quiet.
    last = crowd.born[met] >= world.clock.end - MET_WITHIN
    deeds.add(met[last], before[last] + MET_WITHIN, through[last], STRANGER)
    # Who tells the CRM no source is known by the first touch alone.
    comes = np.flatnonzero((chance.random(len(crowd)) < 0.75) | ~crowd.names_source)
    deeds.add(comes, crowd.born[comes], crowd.channel[comes], NAMED)
    back = np.flatnonzero(chance.random(len(bought)) < 0.25)
    since = bought.at[back] - chance.integers(300, 3600, len(back))
    known = since > crowd.born[bought.person[back]]
    deeds.add(bought.person[back][known], since[known], _by(world, chance, BACK_BY, int(known.sum())), NAMED)
    odd = np.flatnonzero(chance.random(len(crowd)) < 0.3)
    later = crowd.born[odd] + chance.integers(60, 40_000, len(odd))
    deeds.add(odd, later, _by(world, chance, MET_BY, len(odd)), STRANGER)
    person, at, channel, how = deeds.sorted()
    _deliver_touches(world, crowd, chance, person, at, channel, how)
    return person[how < STRANGER], at[how < STRANGER]


def _by(world: World, chance: np.random.Generator, shares: dict[str, float], count: int) -> np.ndarray:
    """Channels by their shares, those alone that the business has."""
    known = {world.assumptions.channel_number(code): share for code, share in shares.items()}
    known.pop(-1, None)
    return np.array(list(known))[pick(chance, list(known.values()), count)]


def _deliver_touches(
    world: World, crowd: Crowd, chance: np.random.Generator, person: np.ndarray, at: np.ndarray, channel: np.ndarray,
    how: np.ndarray,
) -> None:
    listed = world.assumptions.channels
    advertising = table([f"AD_{c.code}" if c.is_paid else None for c in listed])
    touchpoints = table([TOUCHPOINTS.get(c.category, "landing_page") for c in listed])
    number, has = crowd.number[person], {name: values[person] for name, values in crowd.has.items()}
    typed = (how == BY_TYPED) & (chance.random(len(person)) < 0.3) & (crowd.phone[person] != SHARED)
    by_mail = typed & has["email"] & (chance.random(len(person)) < 0.4)
    plain = np.zeros(len(person), dtype=np.int64)
    stranger = (how == STRANGER)[:, None]
    device = identifiers.keys("dev", crowd.device[person], has["device_id"] & (how == BY_DEVICE))
    odd_device = identifiers.keys("odd", number, how == STRANGER)
    named = np.where((how == NAMED)[:, None], crowd.names[person], 0).astype(np.uint8)
    columns = {
        "touch_id": ident("T", number * 10_000 + ranks(person), 12),
        "occurred_at": world.moments.instant(at, offset=False),
        "channel_code": word(world.channel_codes, channel),
        "campaign_id": word(advertising, channel),
        "touchpoint": word(touchpoints, channel),
        "contact_id": lambda rows: named[rows],
        "phone": identifiers.phones(world, crowd.phone[person], plain, typed & ~by_mail & has["phone"]),
        "email": identifiers.mails(number, plain, by_mail),
        "device_id": lambda rows: np.where(stranger[rows], odd_device(rows), device(rows)),
    }
    world.delivery.add("touches", at, columns, crowd.gone[person])


def write_events(
    world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases, products: np.ndarray
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Looking around, intent, and habits; `products`: the first of each order. Gives who did what when, by kind."""
    deeds, nothing = Deeds.none(), -1
    everyone = np.arange(len(crowd))
    looks = np.repeat(everyone, chance.integers(0, 4, len(crowd)))
    at = world.season.after(chance, crowd.born[looks], waits(chance, 6, len(looks)))
    kind = np.array([0, 0, 1, 7, 5, 4])[pick(chance, [0.34, 0.2, 0.2, 0.15, 0.06, 0.05], len(looks))]
    day = world.clock.day(np.minimum(at, world.clock.end - 1))
    liked = world.goods.pick(chance, crowd.taste[looks], day, again=False)
    deeds.add(looks, at, kind, np.where(kind < 2, liked, nothing))
    keen = np.flatnonzero(chance.random(len(crowd)) < 0.3)
    deeds.add(keen, crowd.born[keen] + chance.integers(60, 7200, len(keen)), _intent(chance, len(keen)), nothing)
    asks = np.flatnonzero(crowd.traits["asks_first"])
    deeds.add(asks, crowd.born[asks] + chance.integers(60, 3600, len(asks)), EVENTS.index("consult"), nothing)
    for share, earliest, latest, name in ((0.5, 60, 600, "add_to_cart"), (0.5, 600, 3600, "browse")):
        order = np.flatnonzero(chance.random(len(bought)) < share)
        before = bought.at[order] - chance.integers(earliest, latest, len(order))
        known = before > crowd.born[bought.person[order]]
        deeds.add(bought.person[order[known]], before[known], EVENTS.index(name), products[order[known]])
    # Habits go on past the last night: cut off at its end, it would be half a day.
    until = np.minimum(
        np.maximum(_last_order(crowd, bought), crowd.born) + TAKES_PART_DAYS * DAY, world.clock.end + PAST_THE_END * DAY
    )
    for trait, name, weekly in HABITS:
        some = np.flatnonzero(crowd.traits[trait])
        long = until[some] - crowd.born[some]
        person = np.repeat(some, chance.poisson(weekly * np.maximum(long, 0) / (7 * DAY)))
        days = chance.random(len(person)) * (until - crowd.born)[person] / DAY
        at = world.season.after(chance, crowd.born[person], days.astype(np.int64))
        deeds.add(person, at, EVENTS.index(name), nothing)
    person, at, kind, product = deeds.sorted()
    _deliver_events(world, crowd, chance, person, at, kind, product)
    return {name: (person[kind == k], at[kind == k]) for k, name in enumerate(EVENTS)}


def _intent(chance: np.random.Generator, count: int) -> np.ndarray:
    return np.array([EVENTS.index(name) for name in ("add_to_cart", "consult", "message_in")])[
        pick(chance, [0.6, 0.1, 0.3], count)]


def _last_order(crowd: Crowd, bought: Purchases) -> np.ndarray:
    """The moment of each person's last order; long ago where there is none."""
    last = np.full(len(crowd), -NEVER)
    np.maximum.at(last, bought.person, bought.at)
    return last


def _deliver_events(
    world: World, crowd: Crowd, chance: np.random.Generator, person: np.ndarray, at: np.ndarray, kind: np.ndarray,
    product: np.ndarray,
) -> None:
    """Most events name the contact; some only the device, which the contact carries."""
    has_device = crowd.has["device_id"][person]
    by_device = has_device & (crowd.device[person] != SHARED) & (chance.random(len(person)) < 0.1)
    named = np.where(by_device[:, None], 0, crowd.names[person]).astype(np.uint8)
    shows = by_device | (has_device & (chance.random(len(person)) < 0.5))
    columns = {
        "event_id": ident("E", crowd.number[person] * 10_000 + ranks(person), 12),
        "contact_id": lambda rows: named[rows],
        "device_id": identifiers.keys("dev", crowd.device[person], shows),
        "occurred_at": world.moments.instant(at, offset=False),
        "event_type": word(table(EVENTS), kind),
        "sku": word(table([sku(k) for k in range(len(world.goods.rows))]), product),
    }
    world.delivery.add("events", at, columns, crowd.gone[person])
