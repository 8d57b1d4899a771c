"""Orders with their states, corrections, refunds and reviews, and what they truly earned."""

from dataclasses import dataclass

import numpy as np

from userops.simulate import identifiers
from userops.simulate.baskets import HOME, Baskets, fill, write_lines
from userops.simulate.clock import NEVER
from userops.simulate.contacts import second_names
from userops.simulate.csv_columns import NOTHING, Column, ident, money, table, whole, word
from userops.simulate.goods import sku
from userops.simulate.locations import ROLES
from userops.simulate.people import Crowd, Seconds
from userops.simulate.purchases import BY_PHONE, BY_UNKNOWN_PHONE, IN_TWO, PARTLY, SIGNED_IN, WHOLLY, Purchases
from userops.simulate.world import World, pick, ranks

STATES = ("created", "paid", "shipped", "completed", "cancelled", "completed")
CREATED, PAID, SHIPPED, COMPLETED, CANCELLED, FIXED = range(6)
PLACES = ("mini_program", "app", "marketplace", "group", "store", "live", "other")
REASONS = ("damaged", "late", "unwanted", "order cancelled")


@dataclass
class Sold:
    """Orders as they came about: moments of each state (NEVER: not reached), amounts, ids and refunds."""

    bought: Purchases
    baskets: Baskets
    number: np.ndarray
    place: np.ndarray
    states: np.ndarray
    corrected: np.ndarray
    coupon: np.ndarray

    @property
    def paid_at(self) -> np.ndarray:
        return self.states[:, PAID]

    @property
    def first_known(self) -> np.ndarray:
        return np.minimum(self.states[:, CREATED], self.states[:, PAID])


def sell(
    world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases, coupon: np.ndarray, face: np.ndarray
) -> Sold:
    """Draw what the orders hold and when they pass from state to state.

    `coupon`, `face`: number and value of the coupon used on each, or -1 and 0; changed where it cannot be used.
    """
    rates, size = world.assumptions["orders"], len(bought)
    baskets = fill(world, crowd, chance, bought, face)
    coupon[face == 0] = -1
    number = crowd.number[bought.person] * 10_000 + ranks(bought.person)
    season = world.season
    paid = bought.paid_at
    shipped = season.after(chance, paid, np.ones(size, dtype=np.int64))
    completed = season.after(chance, shipped, chance.integers(2, 6, size))
    cancelled = season.after(chance, paid, np.ones(size, dtype=np.int64))
    fixed = season.after(chance, completed, chance.integers(30, 46, size))
    stopped = bought.abandoned | bought.cancelled
    fixes = (chance.random(size) < rates["corrected_late"]) & (baskets.shipping > 0) & (bought.refund == 0) & ~stopped
    overnight = world.clock.day(paid) != world.clock.day(bought.at)
    states = np.column_stack([
        np.where(bought.abandoned | overnight, bought.at, NEVER), np.where(bought.abandoned, NEVER, paid),
        np.where(stopped, NEVER, shipped), np.where(stopped, NEVER, completed), np.where(stopped, cancelled, NEVER),
        np.where(fixes, fixed, NEVER),
    ])
    corrected = np.where((chance.random(size) < rates["corrected"]) & ~stopped, shipped, NEVER)
    return Sold(bought, baskets, number, _places(world, crowd, chance, bought), states, corrected, coupon)


def _places(world: World, crowd: Crowd, chance: np.random.Generator, bought: Purchases) -> np.ndarray:
    """Where orders are made; only members buy in a group, and store people often in the store."""
    shares = world.assumptions["orders"]["places"]
    place = pick(chance, [shares[name] for name in PLACES], len(bought))
    member = (crowd.group_at[bought.person] <= bought.at) & world.delivery.wants("groups")
    loyal = chance.random(len(bought)) < 0.4
    place[member & loyal] = PLACES.index("group")
    place[~member & (place == PLACES.index("group"))] = PLACES.index("mini_program")
    place[(crowd.store[bought.person] >= 0) & ~member & loyal] = PLACES.index("store")
    if not world.delivery.wants("stores"):
        place[place == PLACES.index("store")] = PLACES.index("app")
    return place


def write_orders(
    world: World, crowd: Crowd, seconds: Seconds, chance: np.random.Generator, sold: Sold
) -> tuple[np.ndarray, np.ndarray]:
    """The orders, order_lines, refunds and reviews exports; gives who wrote a review when."""
    version = sold.states < NEVER
    order, state = np.nonzero(version)
    at, person = sold.states[order, state], sold.bought.person[order]
    columns = _who(world, crowd, seconds, chance, sold, order) | _where(world, crowd, chance, sold, order)
    columns |= _amounts(world, sold, order, state) | {
        "order_id": ident("O", sold.number[order], 12),
        "status": word(table(STATES), state),
        "placed_at": world.moments.instant(sold.bought.at[order]),
        "paid_at": world.moments.instant(np.where(sold.paid_at[order] <= at, sold.paid_at[order], NEVER)),
        "coupon_id": ident("K", sold.coupon[order], 12),
    }
    until = crowd.gone[person]
    world.delivery.add("orders", at, columns, until)
    # A few are sent once more the night after, as they were.
    share = world.assumptions["orders"]["delivered_again"]
    again = np.flatnonzero((chance.random(len(order)) < share) & (state == PAID))
    later = np.full(len(at), NEVER)
    later[again] = world.season.after(chance, at[again], np.ones(len(again), dtype=np.int64))
    world.delivery.add("orders", later, columns | {"updated_at": world.moments.instant(at)}, until)
    until = crowd.gone[sold.bought.person]
    write_lines(world, sold.baskets, sold.number, sold.first_known, sold.corrected, until)
    back = _write_refunds(world, crowd, chance, sold)
    reviews = _write_reviews(world, crowd, chance, sold)
    _account(world, crowd, sold, back)
    return reviews


def _who(
    world: World, crowd: Crowd, seconds: Seconds, chance: np.random.Generator, sold: Sold, order: np.ndarray
) -> dict[str, Column]:
    """Most buyers are signed in, some of them by their second contact; guests leave a phone or nothing."""
    bought, size = sold.bought, len(sold.bought)
    since = np.full(len(crowd), NEVER)
    since[seconds.person] = seconds.at
    signed_in = bought.who == SIGNED_IN
    second = signed_in & (bought.campaign < 0) & (since[bought.person] <= bought.at) & (chance.random(size) < 0.3)
    extra, first = chance.random(size), signed_in & ~second
    unknown = bought.who == BY_UNKNOWN_PHONE
    phone = np.where(unknown, 10**world.country.digits - 2 - crowd.number[bought.person], crowd.phone[bought.person])
    has = {name: crowd.has[name][bought.person] for name in ("phone", "unionid", "device_id")}
    has_phone = unknown | (bought.who == BY_PHONE) | (first & (extra < 0.3) & has["phone"])
    spelling = pick(chance, identifiers.SPELLINGS, size)
    person, second_name = bought.person[order], second_names(crowd, bought.person[order])

    def names(rows: np.ndarray) -> np.ndarray:
        chosen = order[rows]
        cells = np.where(second[chosen, None], second_name(rows), crowd.names[person[rows]])
        cells[~signed_in[chosen]] = 0
        return cells

    return {
        "contact_id": names,
        "phone": identifiers.phones(world, phone[order], spelling[order], has_phone[order]),
        "unionid": identifiers.keys("un", crowd.number[person], (first & has["unionid"] & (extra > 0.9))[order]),
        "device_id": identifiers.keys("dev", crowd.device[person], (first & has["device_id"] & (extra > 0.8))[order]),
    }


def _where(
    world: World, crowd: Crowd, chance: np.random.Generator, sold: Sold, order: np.ndarray
) -> dict[str, Column]:
    """Sales channel, store, courier, group, and the channel where the order names one."""
    places, person = world.places, sold.bought.person
    is_store, is_group = sold.place == PLACES.index("store"), sold.place == PLACES.index("group")
    stores = np.where(crowd.store[person] >= 0, crowd.store[person], chance.integers(0, 3, len(person)))
    community = crowd.community[person]
    couriers = places.community_courier[community] if len(places.communities) else community
    brings = (community >= 0) & (couriers >= 0) & (is_group | (sold.place == PLACES.index("mini_program")))
    named = chance.random(len(person)) < world.assumptions["orders"]["names_channel"]
    currencies = table([*world.money.foreign, world.money.currency])
    groups = table([f"G{k + 1}" for k in range(places.groups)])
    currency = np.where(sold.baskets.foreign == HOME, len(world.money.foreign), sold.baskets.foreign)
    return {
        "sales_channel": word(table(PLACES), sold.place[order]),
        "channel_code": word(world.channel_codes, np.where(named, crowd.channel[person], -1)[order]),
        "store_id": ident("ST", np.where(is_store, stores + 1, -1)[order], 1),
        "courier_id": word(table([f"S{k + 1}" for k in range(len(ROLES))]), np.where(brings, couriers, -1)[order]),
        "group_id": word(groups, np.where(is_group, crowd.group[person], -1)[order]),
        "currency": word(currencies, currency[order]),
    }


def _amounts(world: World, sold: Sold, order: np.ndarray, state: np.ndarray) -> dict[str, Column]:
    """Discounts are inside the line amounts, so paid = lines + shipping, before and after a correction."""
    baskets = sold.baskets
    more = np.where((sold.corrected < NEVER)[order] & (state >= SHIPPED), baskets.price[baskets.first][order], 0)
    shipping = np.where(state == FIXED, 0, baskets.shipping[order])
    return {
        "gross_amount": money(baskets.gross[order] + more),
        "discount_amount": money((baskets.gross - baskets.net)[order]),
        "shipping_amount": money(shipping),
        "paid_amount": money(baskets.net[order] + more + shipping),
    }


def _write_refunds(world: World, crowd: Crowd, chance: np.random.Generator, sold: Sold) -> np.ndarray:
    """Money given back, whole, in part, in two parts, or for a cancelled order; gives what is known by the end."""
    bought, baskets, size = sold.bought, sold.baskets, len(sold.bought)
    more = np.where(sold.corrected < NEVER, baskets.price[baskets.first], 0)
    paid = baskets.paid + more
    half = baskets.amount[baskets.first] // 2
    done = np.where(sold.states[:, COMPLETED] < NEVER, sold.states[:, COMPLETED], bought.at)
    at = world.season.after(chance, done, chance.integers(1, 7, size))
    rest_at = world.season.after(chance, at, chance.integers(1, 10, size))
    kinds = [  # which orders, amount, when, of line 1 alone
        (bought.refund == PARTLY, half, at, True), (bought.refund == WHOLLY, paid, at, False),
        (bought.refund == IN_TWO, half, at, True), (bought.refund == IN_TWO, paid - half, rest_at, False),
        (bought.cancelled, paid, sold.states[:, CANCELLED], False),
    ]
    order = np.concatenate([np.flatnonzero(which) for which, *_ in kinds])
    part = np.repeat(np.arange(len(kinds)), [int(which.sum()) for which, *_ in kinds])
    amount = np.concatenate([values[which] for which, values, _, _ in kinds])
    moment = np.concatenate([when[which] for which, _, when, _ in kinds])
    of_line = np.array([line for *_, line in kinds])[part]
    reason = np.where(part == 4, 3, chance.integers(0, 3, len(order)))
    columns = {
        "refund_id": ident("R", sold.number[order] * 10 + part, 13),
        "order_id": ident("O", sold.number[order], 12),
        "line_no": whole(np.where(of_line, 1, NOTHING)),
        "amount": money(amount),
        "refunded_at": world.moments.instant(moment),
        "reason": word(table(REASONS), reason),
    }
    until = np.minimum(crowd.gone[bought.person[order]], world.clock.end)
    world.delivery.add("refunds", moment, columns, until)
    known = (moment < until) & world.delivery.wants("refunds")
    return np.bincount(order[known], amount[known], size).astype(np.int64)


def _write_reviews(
    world: World, crowd: Crowd, chance: np.random.Generator, sold: Sold
) -> tuple[np.ndarray, np.ndarray]:
    """The reviews export; gives who wrote when."""
    done, person = sold.states[:, COMPLETED], sold.bought.person
    likely = np.where(crowd.traits["writes_reviews"][person], 0.7, 0.06)
    order = np.flatnonzero((done < NEVER) & (chance.random(len(done)) < likely))
    at = world.season.after(chance, done[order], chance.integers(0, 4, len(order)))
    unhappy = sold.bought.refund[order] > 0
    rating = np.where(unhappy, 1 + pick(chance, [0.5, 0.3, 0.2], len(order)),
                      5 - pick(chance, [0.57, 0.26, 0.10, 0.04, 0.03], len(order)))
    signed_in = sold.bought.who[order] == SIGNED_IN
    named = np.where(signed_in[:, None], crowd.names[person[order]], 0).astype(np.uint8)
    columns = {
        "review_id": ident("V", sold.number[order], 12),
        "order_id": ident("O", sold.number[order], 12),
        "sku": word(table([sku(k) for k in range(len(world.goods.rows))]),
                    sold.baskets.product[sold.baskets.first[order]]),
        "contact_id": lambda rows: named[rows],
        "rating": whole(rating),
        "created_at": world.moments.instant(at),
    }
    world.delivery.add("reviews", at, columns, crowd.gone[person[order]])
    return person[order], at


def _account(world: World, crowd: Crowd, sold: Sold, back: np.ndarray) -> None:
    """What the exports truly say by the last night: which orders count, net by currency, margins of people."""
    baskets, bought = sold.baskets, sold.bought
    until = np.minimum(crowd.gone[bought.person], world.clock.end)
    states = sold.states
    known = sold.first_known < until
    more = np.where(sold.corrected < until, baskets.price[baskets.first], 0)
    paid = baskets.net + more + np.where(states[:, FIXED] < until, 0, baskets.shipping)
    stands = (sold.paid_at < until) & ~(bought.cancelled & (states[:, CANCELLED] < until))
    counted = known & stands & ~((paid > 0) & (back >= paid))
    product = baskets.product
    pieces = baskets.quantity + 0.0
    pieces[baskets.first] += more > 0
    costs = world.goods.cost[product]
    amount = baskets.amount + 0.0
    amount[baskets.first] += more
    default = world.assumptions["default_cost_rate"] * amount / baskets.rate[baskets.order]
    cost = np.bincount(baskets.order, np.where(costs >= 0, pieces * costs, default), len(bought))
    margin = (paid - back) / baskets.rate - cost
    world.truth.orders(int(known.sum()), counted, paid - back, baskets.foreign, (world.money.currency,
                                                                                 world.money.foreign))
    theirs = counted & bought.own
    world.truth.margins(world, crowd, bought.person[theirs], sold.paid_at[theirs], margin[theirs])
    world.truth.guests(sold.number[known], bought.who[known])


