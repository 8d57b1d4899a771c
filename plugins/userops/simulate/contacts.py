"""The contacts export: every version of every contact, second contacts, and requests to be erased."""

import numpy as np

from userops.simulate import identifiers
from userops.simulate.clock import NEVER
from userops.simulate.csv_columns import NOTHING, Column, flag, ident, table, whole, word
from userops.simulate.people import KEYS, MEDIA, NAME_DIGITS, Crowd, Seconds
from userops.simulate.world import World, pick

_GENDERS = table(["f", "m", "u"])
_CONSENTS = [f"{medium}_consent" for medium in MEDIA]


def write_contacts(world: World, crowd: Crowd, seconds: Seconds, chance: np.random.Generator) -> None:
    """Deliver both kinds of contacts and the requests."""
    _write_first(world, crowd, chance)
    _write_seconds(world, crowd, seconds, chance)
    _write_requests(world, crowd)


def _write_first(world: World, crowd: Crowd, chance: np.random.Generator) -> None:
    """A version when the person comes, registers, withdraws a consent, or is deleted."""
    size = len(crowd)
    deleted = np.where(crowd.is_erased, NEVER, crowd.gone)
    registers = np.where(crowd.registered > crowd.born, crowd.registered, NEVER)
    changes = [crowd.born, registers, *crowd.withdrawn.T, deleted]
    ring = crowd.ring
    person = np.tile(np.arange(size), len(changes))
    at = np.concatenate(changes)
    if ring:
        person, at = np.append(person, ring[0]), np.append(at, ring[2])
    spelling = pick(chance, identifiers.SPELLINGS, size)
    capital = pick(chance, [0.9, 0.05, 0.05], size)
    gender = pick(chance, [0.55, 0.35, 0.10], size)
    birth = np.where(chance.random(size) < 0.7, chance.integers(1955, 2007, size), NOTHING)
    before = at < crowd.registered[person]
    columns = _who(world, crowd, person, at) | {
        "phone": identifiers.phones(world, crowd.phone[person], spelling[person], crowd.has["phone"][person]),
        "email": identifiers.mails(crowd.number[person], capital[person], crowd.has["email"][person]),
        "unionid": identifiers.keys("un", crowd.number[person], crowd.has["unionid"][person]),
        "external_userid": identifiers.keys("wm", crowd.number[person], crowd.has["external_userid"][person]),
        "device_id": identifiers.keys("dev", crowd.device[person], crowd.has["device_id"][person]),
        "nickname": ident("Person ", crowd.number[person], 1 + len(str(world.places.users))),
        "gender": word(_GENDERS, gender[person]),
        "birth_year": whole(np.where(before, NOTHING, birth[person])),
        "registered_at": world.moments.instant(np.where(before, NEVER, crowd.registered[person])),
        "deleted_at": world.moments.instant(np.where(at >= deleted[person], deleted[person], NEVER)),
    }
    for number, name in enumerate(_CONSENTS):
        allowed = crowd.consents[person, number] & (crowd.withdrawn[person, number] > at)
        columns[name] = flag(allowed)
    # The version that says that a contact is deleted is its last.
    until = np.where(crowd.is_erased, crowd.gone, np.minimum(crowd.gone, NEVER - 1) + 1)
    world.delivery.add("contacts", at, columns, until[person])


def _who(world: World, crowd: Crowd, person: np.ndarray, at: np.ndarray) -> dict[str, Column]:
    """The columns that a contact keeps."""
    places = world.places
    cities, tiers = table(places.cities), table([str(tier) for tier in places.city_tiers])
    stores = table([f"ST{k + 1}" for k in range(len(places.stores))])
    communities = table([f"CM{k + 1}" for k in range(len(places.communities))])
    source = np.where(crowd.names_source, crowd.channel, -1)
    referrer = crowd.referrer[person]
    if crowd.ring:
        earlier, later, since = crowd.ring
        referrer[(person == earlier) & (at >= since)] = crowd.names[later]
    return {
        "contact_id": lambda rows: crowd.names[person[rows]],
        "city": word(cities, crowd.city[person]),
        "city_tier": word(tiers, crowd.city[person]),
        "source_channel_code": word(world.channel_codes, source[person]),
        "referrer_contact_id": lambda rows: referrer[rows],
        "store_id": word(stores, crowd.store[person]),
        "community_id": word(communities, crowd.community[person]),
    }


def _write_seconds(world: World, crowd: Crowd, seconds: Seconds, chance: np.random.Generator) -> None:
    """Second contacts come with a device of their own; the key that ties them, at once or later. They allow nothing."""
    late = np.flatnonzero(seconds.linked_at > seconds.at)
    which = np.append(np.arange(len(seconds.person)), late)
    at = np.append(seconds.at, seconds.linked_at[late])
    person = seconds.person[which]
    tied = at >= seconds.linked_at[which]
    spelling = pick(chance, identifiers.SPELLINGS, len(seconds.person))[which]
    number = crowd.number[person]
    itself = chance.random(len(seconds.person))[which] < 0.1
    carries = {name: tied & (seconds.key[which] == k) for k, name in enumerate(KEYS)}
    nothing = np.zeros(len(which), dtype=bool)
    columns = {
        "contact_id": second_names(crowd, person),
        "phone": identifiers.phones(world, crowd.phone[person], spelling, carries["phone"]),
        "email": identifiers.mails(number, np.ones(len(which), dtype=np.int64), carries["email"]),
        "unionid": identifiers.keys("un", number, carries["unionid"]),
        "device_id": identifiers.keys("devb", number, ~nothing),
        "gender": word(_GENDERS, np.full(len(which), 2)),
        "registered_at": world.moments.instant(seconds.at[which]),
        "source_channel_code": word(world.channel_codes, crowd.channel[person]),
        "referrer_contact_id": ident("C", np.where(itself, number, -1), NAME_DIGITS),
    } | {name: flag(nothing) for name in _CONSENTS}
    world.delivery.add("contacts", at, columns)


def second_names(crowd: Crowd, person: np.ndarray) -> Column:
    """The ids of second contacts: that of the first, and a B."""

    def cells(rows: np.ndarray) -> np.ndarray:
        names = crowd.names[person[rows]]
        names[:, -1] = ord("B")
        return names

    return cells


def _write_requests(world: World, crowd: Crowd) -> None:
    """A request a person; an erasure names a contact that the same folder or an earlier one still shows."""
    asks = np.flatnonzero((crowd.is_erased & (crowd.gone < NEVER)) | (crowd.restricted < NEVER))
    erase = crowd.is_erased[asks]
    at = np.where(erase, crowd.gone[asks], crowd.restricted[asks])
    columns = {
        "request_id": ident("Q", crowd.number[asks]),
        "contact_id": lambda rows: crowd.names[asks[rows]],
        "requested_at": world.moments.instant(at),
        "scope": word(table(["erase", "restrict"]), np.where(erase, 0, 1)),
    }
    world.delivery.add("erasure_requests", at, columns)

