"""Messages to people: campaigns with a hold-out and a known effect, the others, and answers that tire."""

from dataclasses import dataclass

import numpy as np

from userops.simulate.campaigns import WINDOW_DAYS, Campaign
from userops.simulate.clock import DAY, NEVER
from userops.simulate.csv_columns import ident, table, word
from userops.simulate.people import Crowd
from userops.simulate.purchases import Purchases
from userops.simulate.world import World, in_order, ranks, waits

# As the pushes export names them; WeCom is for those who are friends there.
SENT_BY = ("sms", "email", "wechat_oa", "app", "weibo", "wecom")
_SENT_BY = table(SENT_BY)
WEEK = 7 * DAY
IDLE_DAYS = 45
# Prospects must have been known this long to respond, so that a channel's first-order conversion stays its own.
PROSPECT_DAYS = 31
SPAN = np.int64(1) << 34


@dataclass
class Sent:
    """Messages as arrays; `campaign` is a place in the list of campaigns or -1, `left_at` when it made them leave."""

    person: np.ndarray
    at: np.ndarray
    medium: np.ndarray
    campaign: np.ndarray
    left_at: np.ndarray

    def take(self, rows: np.ndarray) -> "Sent":
        return Sent(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def recent(self) -> np.ndarray:
        """For each message how many its person got in the seven days before; rows stand by person and moment."""
        key = self.person * SPAN + self.at
        return np.arange(len(key)) - np.searchsorted(key, key - WEEK)


def send(
    world: World, crowd: Crowd, chance: np.random.Generator, campaigns: list[Campaign], bought: Purchases
) -> tuple[Sent, Purchases]:
    """All messages, and the orders that campaigns bring about. Refusals go into `crowd.withdrawn`."""
    usual = _usual(world, crowd, chance)
    parts, orders = [usual], []
    for place, campaign in enumerate(campaigns):
        sent, more = _campaign(world, crowd, chance, place, campaign, usual, bought)
        parts.append(sent)
        orders.append(more)
    whole = Sent(*(np.concatenate([getattr(part, name) for part in parts]) for name in Sent.__dataclass_fields__))
    whole = whole.take(in_order(whole.person, whole.at))
    # Nothing more is sent by a medium that the person has left.
    whole = whole.take(np.flatnonzero(whole.at < crowd.withdrawn[whole.person, whole.medium]))
    brought = Purchases.plain(*(np.concatenate([o[k] for o in orders]) if orders else np.zeros(0, dtype=np.int64)
                                for k in range(3)))
    return whole, brought


def _usual(world: World, crowd: Crowd, chance: np.random.Generator) -> Sent:
    """Messages outside campaigns, to some people several a week."""
    rates, clock = world.assumptions["pushes"], world.clock
    first = clock.day(crowd.born) + 1
    days = np.maximum(clock.nights - first, 0)
    weekly = np.where(crowd.traits["heavily_messaged"], rates["weekly_heavy"], rates["weekly"])
    person = np.repeat(np.arange(len(crowd)), chance.poisson(weekly / 7 * days))
    at = world.season.in_office(chance, first[person] + (chance.random(len(person)) * days[person]).astype(np.int64))
    medium, reached = _open_medium(chance, crowd.reachable(0)[person])
    known = reached & (at < np.minimum(crowd.gone, crowd.restricted)[person]) & (at < crowd.withdrawn[person, medium])
    sent = Sent(person[known], at[known], medium[known], person[known] * 0 - 1, person[known] * 0 + NEVER)
    sent = sent.take(in_order(sent.person, sent.at))
    return _let_leave(world, crowd, chance, sent, sent.recent())


def _open_medium(chance: np.random.Generator, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One of the media that are open to each, and whether there is any."""
    ranking = (1 + chance.random(reach.shape)) * reach
    return np.argmax(ranking, axis=1), reach.any(axis=1)


def _let_leave(world: World, crowd: Crowd, chance: np.random.Generator, sent: Sent, recent: np.ndarray) -> Sent:
    """Some leave the medium by a message, the more of them the more they got; the CRM withdraws the consent then."""
    leaves = np.flatnonzero(chance.random(len(recent)) < world.assumptions["pushes"]["unsubscribed"] * (1 + recent))
    sent.left_at[leaves] = sent.at[leaves] + chance.integers(120, 900, len(leaves))
    np.minimum.at(crowd.withdrawn, (sent.person[leaves], sent.medium[leaves]), sent.left_at[leaves])
    return sent


def _campaign(
    world: World, crowd: Crowd, chance: np.random.Generator, place: int, campaign: Campaign, usual: Sent,
    bought: Purchases,
) -> tuple[Sent, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A campaign's messages and the orders it brings: to all who can be reached but those drawn to be held out."""
    clock, day, assumptions = world.clock, campaign.day, world.assumptions
    morning = int(clock.at(np.array([day]), np.array([0]))[0])
    medium, reached = _open_medium(chance, crowd.reachable(morning))
    effect, wanted, would_order = _response(world, crowd, campaign, bought)
    audience = wanted & reached & (clock.day(crowd.born) < day) & (crowd.gone > morning) & (crowd.restricted == NEVER)
    held_out = chance.random(len(crowd)) < assumptions["campaigns"]["held_out"]
    draws, at = chance.random(len(crowd)), world.season.in_office(chance, np.full(len(crowd), day))
    later = chance.integers(0, WINDOW_DAYS, len(crowd))
    ordered_at = world.season.moments(chance, day + later)
    ordered_at = np.where(ordered_at > at, ordered_at, at + chance.integers(300, 7200, len(crowd)))
    person = np.flatnonzero(audience & ~held_out & (crowd.gone > at))
    sent = Sent(person, at[person], medium[person], person * 0 + place, person * 0 + NEVER)
    key = usual.person * SPAN + usual.at
    recent = np.searchsorted(key, person * SPAN + at[person]) - np.searchsorted(key, person * SPAN + at[person] - WEEK)
    _let_leave(world, crowd, chance, sent, recent)
    tired = np.exp(-assumptions["pushes"]["fatigue"] * recent)
    moved = person[(draws[person] < effect[person] * tired) & ~would_order[person]]
    moved = moved[(ordered_at[moved] < clock.end) & (ordered_at[moved] < crowd.gone[moved])]
    held = np.flatnonzero(audience & held_out)
    world.truth.campaign(place, len(person), len(held), len(moved), int(would_order[person].sum()),
                         int(would_order[held].sum()))
    return sent, (moved, ordered_at[moved], moved * 0 + place)


def _response(
    world: World, crowd: Crowd, campaign: Campaign, bought: Purchases
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The true probability that each person orders because of the campaign, whom it is for, who would order anyway."""
    day_of = world.clock.day(bought.paid_at)
    would_order = np.zeros(len(crowd), dtype=bool)
    inside = (day_of >= campaign.day) & (day_of < campaign.day + WINDOW_DAYS)
    would_order[bought.person[inside & bought.counts]] = True
    before = bought.counts & (day_of < campaign.day)
    last = np.full(len(crowd), -NEVER)
    np.maximum.at(last, bought.person[before], day_of[before])
    is_buyer = last > -NEVER
    idle = is_buyer & (campaign.day - 1 - last > IDLE_DAYS)
    known_long = world.clock.day(crowd.born) <= campaign.day - PROSPECT_DAYS
    effect = np.where(idle, campaign.effect_idle, campaign.effect)
    wanted = {"all": is_buyer | ~is_buyer, "buyers": is_buyer, "prospects": ~is_buyer, "idle": idle}[campaign.to]
    return np.where(is_buyer | known_long, effect, 0.0), wanted, would_order


def write_pushes(
    world: World, crowd: Crowd, chance: np.random.Generator, sent: Sent, campaigns: list[Campaign], buyers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pushes export with its answers; gives who was active when. `buyers`: who ever buys; others open less."""
    rates, size, recent = world.assumptions["pushes"], len(sent.person), sent.recent()
    left = (sent.left_at < NEVER) & (sent.left_at == crowd.withdrawn[sent.person, sent.medium])
    arrived = left | (chance.random(size) < rates["delivered"])
    code = np.where((sent.medium == 2) & crowd.has["external_userid"][sent.person], SENT_BY.index("wecom"), sent.medium)
    probability = np.array([rates["opened"][name] for name in SENT_BY])[code] * np.exp(-rates["fatigue"] * recent)
    probability *= np.where(_liked(world, crowd, sent), rates["liked"], 1.0) * np.where(buyers[sent.person], 1.0, 0.5)
    opens = arrived & (left | (chance.random(size) < probability))
    clicks = opens & ~left & (chance.random(size) < rates["clicked"])
    world.truth.tired(recent[arrived], opens[arrived])
    delivered = np.where(arrived, sent.at + chance.integers(1, 30, size), NEVER)
    next_day = (chance.random(size) < 0.1) & ~left & opens
    soon = np.minimum(delivered, NEVER - DAY) + chance.integers(5, 90, size)
    late = world.season.after(chance, sent.at, 1 + waits(chance, 0.5, size))
    opened = np.where(opens, np.where(next_day, late, soon), NEVER)
    clicked = np.where(clicks, opened + chance.integers(2, 300, size), NEVER)
    # A row as the evening knows it; answered on a later day it comes again.
    again = np.flatnonzero(next_day)
    which = np.append(np.arange(size), again)
    last = np.where(left, sent.left_at, np.where(clicks, clicked, np.where(opens, opened, np.where(arrived, delivered,
                                                                                                   sent.at))))
    at = np.append(np.where(next_day, np.where(arrived, delivered, sent.at), last), last[again])
    _deliver(world, crowd, sent, campaigns, which, at, code, (delivered, opened, clicked, np.where(left, sent.left_at,
                                                                                                   NEVER)))
    return np.append(sent.person[opens], sent.person[clicks]), np.append(opened[opens], clicked[clicks])


def _deliver(
    world: World, crowd: Crowd, sent: Sent, campaigns: list[Campaign], which: np.ndarray, at: np.ndarray,
    code: np.ndarray, moments: tuple[np.ndarray, ...],
) -> None:
    person, known = sent.person[which], world.moments
    number = crowd.number[person] * 1000 + ranks(sent.person)[which]
    columns = {
        "push_id": ident("P", number, 11),
        "campaign_id": word(table([campaign.code for campaign in campaigns]), sent.campaign[which]),
        "contact_id": lambda rows: crowd.names[person[rows]],
        "medium": word(_SENT_BY, code[which]),
        "sent_at": known.instant(sent.at[which]),
    }
    for name, moment in zip(("delivered_at", "opened_at", "clicked_at", "unsubscribed_at"), moments, strict=True):
        columns[name] = known.instant(np.where(moment[which] <= at, moment[which], NEVER))
    world.delivery.add("pushes", at, columns, crowd.gone[person])


def _liked(world: World, crowd: Crowd, sent: Sent) -> np.ndarray:
    """Whether a message came in the part of the day that its person likes."""
    parts = np.array(world.assumptions["pushes"]["liked_hours"])[crowd.likes_hours[sent.person]]
    hour = world.clock.second(sent.at) // 3600
    return (hour >= parts[:, 0]) & (hour < parts[:, 1])

