"""Who comes, when, through which channel, and what they are truly like. Nothing here is written yet."""

from dataclasses import dataclass, field

import numpy as np

from userops.simulate.clock import NEVER
from userops.simulate.csv_columns import Cells, digits, joined
from userops.simulate.world import World, pick, waits

MEDIA = ("sms", "email", "wechat", "app_push", "weibo")
# People who registered are to have bought within 30 days if they ever do; a day is kept for the hours.
FIRST_ORDER_DAYS = 28
NAME_DIGITS = 8
# People are made in chunks of this size, each by itself, so that memory does not grow with their number.
CHUNK = 50_000
RING_FROM = 100
# The number that stands for the shared phone and device.
SHARED = -1


@dataclass
class Crowd:
    """People as arrays, one place a person, ordered by when they came; moments are NEVER where nothing happened."""

    # Number in the whole business, and contact id.
    number: np.ndarray
    names: Cells
    born: np.ndarray
    channel: np.ndarray
    referrer: Cells
    traits: dict[str, np.ndarray] = field(default_factory=dict)
    registered: np.ndarray = field(init=False)
    friend_at: np.ndarray = field(init=False)
    staff: np.ndarray = field(init=False)
    group_at: np.ndarray = field(init=False)
    group: np.ndarray = field(init=False)
    city: np.ndarray = field(init=False)
    store: np.ndarray = field(init=False)
    community: np.ndarray = field(init=False)
    taste: np.ndarray = field(init=False)
    likes_hours: np.ndarray = field(init=False)
    # Identifiers that the contact has, consents once given (people × MEDIA), and when each was withdrawn.
    has: dict[str, np.ndarray] = field(default_factory=dict)
    phone: np.ndarray = field(init=False)
    device: np.ndarray = field(init=False)
    consents: np.ndarray = field(init=False)
    withdrawn: np.ndarray = field(init=False)
    gone: np.ndarray = field(init=False)
    is_erased: np.ndarray = field(init=False)
    restricted: np.ndarray = field(init=False)
    names_source: np.ndarray = field(init=False)
    # A ring of two who each name the other as referrer: places of the earlier and the later, when it became one.
    ring: tuple[int, int, int] | None = None
    # The probability that the person ever buys, and the moment from which on.
    first_order: np.ndarray = field(init=False)
    ready: np.ndarray = field(init=False)

    def __len__(self) -> int:
        return len(self.number)

    def reachable(self, at: np.ndarray | int) -> np.ndarray:
        """People × MEDIA: identifier there, consent given and not withdrawn before `at`."""
        carried = np.column_stack([
            self.has["phone"], self.has["email"], self.has["unionid"] | self.has["external_userid"],
            self.has["device_id"], np.ones(len(self), dtype=bool),
        ])
        at = np.asarray(at)
        return carried & self.consents & (self.withdrawn >= (at[:, None] if at.ndim else at))


def arrivals(world: World, chunk: int, people: int) -> np.ndarray:
    """The moments at which the people of a chunk come, in order; the business's first comes on the first morning."""
    chance = world.chance("arrivals", chunk)
    days = world.season.arrival_days(chance, people)
    born = np.sort(world.season.moments(chance, days))
    if chunk == 0:
        born[0] = min(born[0], world.clock.at(np.array([0]), np.array([9 * 3600]))[0])
    return born


def gather(world: World, chunk: int, month: int, number: np.ndarray, born: np.ndarray, inviters: Cells) -> Crowd:
    """The people of a chunk who come in a month; `inviters` are the names of those who brought some of them."""
    chance = world.chance("people", chunk, month)
    names = contact_names(number)
    channel = channels(world, chance, born)
    referrer = np.zeros_like(names)
    code = world.assumptions.channel_number(world.assumptions["referral"]["code"])
    if month == 0:
        share = world.assumptions["referral"]["first_month_share"]
        brought = np.flatnonzero((chance.random(len(number)) < share) & (np.arange(len(number)) >= 5))
        by = (chance.random(len(brought)) * brought).astype(np.int64)
        brought, by = brought[born[by] < born[brought]], by[born[by] < born[brought]]
        referrer[brought] = names[by]
    else:
        brought = chance.permutation(len(number))[: len(inviters)]
        referrer[brought] = inviters[: len(brought)]
    if code >= 0:
        channel[brought] = code
    crowd = Crowd(number, names, born, channel, referrer)
    describe(world, crowd, chance)
    if chunk == 0:
        _share_identifiers(world, crowd)
    if month == 0 and len(crowd) >= RING_FROM:
        _close_a_ring(world, crowd)
    return crowd


def _share_identifiers(world: World, crowd: Crowd) -> None:
    """A phone and a device that so many people come to carry that they must tie nobody to anybody."""
    rates, users = world.assumptions["identity"], world.places.users
    if users < rates["shared_from_people"]:
        return
    step = min(users, CHUNK) // 10
    carriers = (("phone", 0, rates["shared_phone_by"]), ("device_id", 1, rates["shared_device_by"]))
    for name, first, count in carriers:
        who = ((crowd.number - first) % step == 0) & ((crowd.number - first) // step < count) & (crowd.number >= first)
        crowd.has[name][who] = True
        (crowd.phone if name == "phone" else crowd.device)[who] = SHARED
        crowd.gone[who] = NEVER


def _close_a_ring(world: World, crowd: Crowd) -> None:
    """Two early people: the later was brought by the earlier, whose row is corrected to name the later."""
    earlier, later = 10, 11
    at = world.clock.at(world.clock.day(crowd.born[[later]]) + 2, np.array([12 * 3600]))
    crowd.referrer[later] = crowd.names[earlier]
    crowd.referrer[earlier] = 0
    crowd.gone[[earlier, later]] = NEVER
    crowd.ring = earlier, later, int(at[0])


def contact_names(number: np.ndarray) -> Cells:
    """Contact ids, with a place for the letter of a second contact."""
    cells = joined(np.frombuffer(b"C", dtype=np.uint8), digits(number, NAME_DIGITS))
    return np.concatenate([cells, np.zeros((len(cells), 1), dtype=np.uint8)], axis=1)


def channels(world: World, chance: np.random.Generator, born: np.ndarray) -> np.ndarray:
    """Channels by their shares among those that bring people on the day."""
    assumptions, clock = world.assumptions, world.clock
    last = np.round(assumptions.column("until") * clock.nights)
    shares = assumptions.column("share")[None, :] * (clock.day(born)[:, None] < last[None, :])
    steps = np.cumsum(shares, axis=1)
    drawn = chance.random(len(born)) * steps[:, -1]
    return np.minimum((steps <= drawn[:, None]).sum(axis=1), len(last) - 1)


def describe(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """Everything about the people but their channel."""
    for trait in world.assumptions.traits:
        crowd.traits[trait.code] = chance.random(len(crowd)) < trait.share
    _homes(world, crowd, chance)
    _entries(world, crowd, chance)
    crowd.taste = pick(chance, world.goods.taste_shares, len(crowd))
    crowd.likes_hours = chance.integers(0, len(world.assumptions["pushes"]["liked_hours"]), len(crowd))
    _identifiers(world, crowd, chance)
    _departures(world, crowd, chance)
    _inclinations(world, crowd)


def _homes(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """City, store and community; who comes by a store lives in its city."""
    places, day = world.places, world.clock.day(crowd.born)
    crowd.city = pick(chance, places.city_shares, len(crowd))
    crowd.store = np.full(len(crowd), -1)
    walks_in = crowd.channel == world.assumptions.channel_number("store_qr")
    is_open = places.store_opened[None, :] <= day[:, None]
    ranking = chance.random((len(crowd), len(places.stores))) * is_open
    near = np.argmax(ranking * (places.store_city[None, :] == crowd.city[:, None]), axis=1)
    has_near = ((places.store_city[None, :] == crowd.city[:, None]) & is_open).any(axis=1)
    knows_store = walks_in | (has_near & (chance.random(len(crowd)) < 0.1))
    crowd.store[knows_store] = np.where(walks_in & ~has_near, np.argmax(ranking, axis=1), near)[knows_store]
    crowd.city[walks_in] = places.store_city[crowd.store[walks_in]]
    there = chance.random((len(crowd), len(places.communities)))
    there *= places.community_city[None, :] == crowd.city[:, None]
    settled = (there.max(axis=1, initial=0) > 0) & (chance.random(len(crowd)) < world.assumptions["live_in_community"])
    crowd.community = np.where(settled, np.argmax(there, axis=1), -1) if there.shape[1] else crowd.store * 0 - 1


def _entries(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """Friend, group or registration first, and the others later or never."""
    assumptions, size, season = world.assumptions, len(crowd), world.season
    entry = assumptions["entry"]
    categories = [channel.category for channel in assumptions.channels]
    friend_first, group_first = (
        np.array([entry[way].get(category, entry[way]["default"]) for category in categories])[crowd.channel]
        for way in ("friend_first", "group_first")
    )
    way = chance.random(size)
    by_friend, by_group = way < friend_first, (way >= friend_first) & (way < friend_first + group_first)
    never = np.full(size, NEVER)

    def later(mean: float, probability: np.ndarray | float, start: np.ndarray = crowd.born) -> np.ndarray:
        moment = season.after(chance, start, np.minimum(waits(chance, mean, size), 12))
        return np.where(chance.random(size) < probability, moment, never)

    crowd.friend_at = np.where(by_friend, crowd.born, later(4, entry["friend_later"]))
    after_friend = np.where(by_friend, crowd.friend_at, crowd.born)
    crowd.group_at = np.where(by_group, crowd.born, later(4, entry["group_later"] * (1 + 2 * by_friend), after_friend))
    # Who comes as a friend and joins a group registers, if at all, after that.
    since = np.where(by_friend & (crowd.group_at < NEVER), crowd.group_at, crowd.born)
    registers = later(3, entry["registers_later"], since)
    crowd.registered = np.where(by_friend | by_group, registers, crowd.born)
    crowd.staff = world.places.friends_staff[chance.integers(0, len(world.places.friends_staff), size)]
    crowd.group = chance.integers(0, world.places.groups, size)


def _identifiers(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """What the contact carries and allows."""
    rates, size = world.assumptions["identity"], len(crowd)
    crowd.has = {
        name: chance.random(size) < rates[rate]
        for name, rate in (("phone", "phone"), ("email", "email"), ("unionid", "unionid"), ("device_id", "device"))
    }
    crowd.phone, crowd.device = crowd.number.copy(), crowd.number.copy()
    crowd.has["external_userid"] = (crowd.friend_at == crowd.born) | (crowd.group_at == crowd.born)
    crowd.consents = chance.random((size, len(MEDIA))) < np.array([rates["consent"][medium] for medium in MEDIA])
    crowd.withdrawn = np.full((size, len(MEDIA)), NEVER)
    leaves = np.flatnonzero(chance.random(size) < rates["opted_out"])
    medium = chance.integers(0, 3, len(leaves))
    moment = world.season.after(chance, crowd.born[leaves], 2 + waits(chance, 40, len(leaves)))
    crowd.withdrawn[leaves, medium] = moment
    crowd.names_source = chance.random(size) < 0.9


def _departures(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """Who asks to be erased or restricted, and whose contact the source deletes."""
    rates, size = world.assumptions["identity"], len(crowd)
    drawn = chance.random(size)
    crowd.is_erased = drawn < rates["erased"]
    leaves = drawn < rates["erased"] + rates["deleted"]
    crowd.gone = np.where(leaves, world.season.after(chance, crowd.born, 3 + waits(chance, 50, size)), NEVER)
    asks = (chance.random(size) < rates["restricted"]) & ~leaves
    crowd.restricted = np.where(asks, world.season.after(chance, crowd.born, 2 + waits(chance, 30, size)), NEVER)


def _inclinations(world: World, crowd: Crowd) -> None:
    """How probable it is that a person ever buys, and from when on."""
    assumptions = world.assumptions
    crowd.ready = crowd.born.copy()
    probability = assumptions.column("first_order")[crowd.channel].astype(float)
    for trait in assumptions.traits:
        probability *= np.where(crowd.traits[trait.code], trait.first_order, 1.0)
    walks_path = (crowd.friend_at < crowd.group_at) & (crowd.group_at < crowd.registered) & (crowd.registered < NEVER)
    probability *= np.where(walks_path, assumptions["entry"]["friend_group_register"], 1.0)
    crowd.ready[walks_path] = crowd.registered[walks_path]
    courier = world.places.community_courier[crowd.community] if len(world.places.communities) else crowd.community
    served = (crowd.community >= 0) & (courier >= 0)
    probability *= np.where(served, assumptions["couriers"]["first_order"], 1.0)
    crowd.first_order = np.minimum(probability, 0.95)


@dataclass
class Seconds:
    """Second contacts of people: whose, since when, tied by which key, and since when the key is known."""

    person: np.ndarray
    at: np.ndarray
    key: np.ndarray
    linked_at: np.ndarray


KEYS = ("phone", "email", "unionid")


def second_contacts(world: World, crowd: Crowd, chance: np.random.Generator) -> Seconds:
    """Some registered people come in again; of some it is learnt only later who they are."""
    rates = world.assumptions["identity"]
    key = pick(chance, [0.6, 0.2, 0.2], len(crowd))
    carries = np.column_stack([crowd.has[name] for name in KEYS])[np.arange(len(crowd)), key]
    wanted = (chance.random(len(crowd)) < rates["second_contact"]) & carries & (crowd.phone != SHARED)
    person = np.flatnonzero(wanted & (crowd.gone == NEVER) & (crowd.registered < NEVER))
    at = world.season.after(chance, crowd.registered[person], chance.integers(1, 20, len(person)))
    late = chance.random(len(person)) < rates["learnt_late"]
    learnt = world.season.after(chance, at, chance.integers(3, 20, len(person)))
    return Seconds(person, at, key[person], np.where(late, learnt, at))

