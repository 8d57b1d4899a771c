"""What the paid channels report and cost."""

import numpy as np

from userops.simulate.csv_columns import always, money, table, whole, word
from userops.simulate.world import World

REPORTED_AT = 23 * 3600 + 50 * 60
RESTATED_AFTER = 10 * 3600
CLICKS_EACH = 18
# Yuan a click that brings nobody.
IDLE_CLICK = 0.2


def write_advertising(world: World, brought: np.ndarray) -> None:
    """The ad_stats export: a row a day, paid channel and keyword, some restated the day after.

    `brought`: people by day and channel; each costs what its channel's truth says, give or take a tenth.
    """
    chance, assumptions, clock = world.chance("advertising"), world.assumptions, world.clock
    lines = [(k, keyword) for k, channel in enumerate(assumptions.channels) if channel.is_paid
             for keyword in channel.keywords]
    channel = np.array([k for k, _ in lines], dtype=np.int64)
    day, line = (part.ravel() for part in np.indices((clock.nights, len(lines))))
    runs = day < np.round(assumptions.column("until") * clock.nights)[channel[line]]
    day, line = day[runs], line[runs]
    shares = np.array([1 / len(assumptions.channels[k].keywords) for k in channel])[line]
    people = brought[day, channel[line]] * shares
    clicks = np.round(people * CLICKS_EACH * chance.uniform(0.8, 1.2, len(day))).astype(np.int64) + 2
    impressions = clicks * chance.integers(30, 61, len(day))
    each = assumptions.column("cost")[channel][line]
    cost = world.money.cents(people * each * chance.uniform(0.9, 1.1, len(day)) + np.where(people, 0, 2 * IDLE_CLICK))
    again = np.flatnonzero(chance.random(len(day)) < 0.1)
    which = np.append(np.arange(len(day)), again)
    restated = np.append(np.zeros(len(day), dtype=np.int64), np.ones(len(again), dtype=np.int64))
    cost = cost[which] + restated * (cost[which] // 100 + 1)
    at = clock.at(day, np.full(len(day), REPORTED_AT))[which] + restated * RESTATED_AFTER
    columns = {
        "stat_date": world.moments.day(day[which]),
        "channel_code": word(world.channel_codes, channel[line][which]),
        "campaign_id": word(table([f"AD_{assumptions.channels[k].code}" for k in channel]), line[which]),
        "keyword": word(table([keyword for _, keyword in lines]), line[which]),
        "impressions": whole(impressions[which] + 40 * restated),
        "clicks": whole(clicks[which] + restated),
        "cost": money(cost),
        "currency": always(world.money.currency),
    }
    world.delivery.add("ad_stats", at, columns)
    last = np.zeros(len(day), dtype=np.int64)
    np.maximum.at(last, which, np.where(at < clock.end, cost, 0))
    world.truth.costs(np.bincount(channel[line], last, len(assumptions.channels)))
