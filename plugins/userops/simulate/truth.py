"""What is true about a simulated business, written beside its exports into `_truth/`.

`truth.json`: the assumptions as planted and what came of them by the last night, by channel, trait, month, campaign,
message band, group, place and promotion; margins in the business currency. `people.csv`: a row a contact with its
person, since when the contact and its tie to the person are known, and what the person is like. `guests.csv`: orders
without contact.
"""

import json
from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from userops.simulate.clock import NEVER
from userops.simulate.csv_columns import Cells, Column, flag, ident, table, word
from userops.simulate.delivery import text_of
from userops.simulate.goods import amount

if TYPE_CHECKING:
    from userops.simulate.people import Crowd, Seconds
    from userops.simulate.world import World

MATURE_DAYS, FIRST_ORDER_DAYS = 90, 30
BANDS = ("1", "2", "3", "4", "5+")
GUESTS = ("signed_in", "phone_of_a_person", "phone_of_nobody_else", "nothing")


class Truth:
    """Collects while the business runs; `write` puts it into `_truth/`."""

    def __init__(self, channels: int, campaigns: int, months: int, folder: Path | None = None) -> None:
        """Without a `folder` nothing is written."""
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, int] = {}
        # By channel: people, sum of first-order probabilities; of the mature: people, buyers; people, margin, margin².
        self.channels = np.zeros((channels, 7))
        self.cost = np.zeros(channels)
        self.campaigns = np.zeros((campaigns, 5), dtype=np.int64)
        # By month: brought by friends, people active the month before, guests by phone active in the month itself.
        self.referral = np.zeros((months, 3), dtype=np.int64)
        self.answers = np.zeros((len(BANDS), 2), dtype=np.int64)
        self.stage_counts = np.zeros(3, dtype=np.int64)
        self.order_count = self.counted = 0
        self.net: dict[str, int] = defaultdict(int)
        self.traits: dict[str, int] = defaultdict(int)
        self.rings: list[list[str]] = []
        self.erased = self.restricted = 0

    def _append(self, name: str, rows: int, columns: Mapping[str, Column]) -> None:
        path = self.folder / f"{name}.csv"
        if name not in self._rows:
            path.write_text(",".join(columns) + "\n")
        self._rows[name] = self._rows.get(name, 0) + rows
        with path.open("ab") as out:
            out.write(text_of(np.arange(rows), list(columns.values()))[0])

    def people(self, world: "World", crowd: "Crowd", seconds: "Seconds") -> None:
        """Who is who: a row a contact with the person, since when it is known, and what the person is like."""
        from userops.simulate.contacts import second_names
        from userops.simulate.people import KEYS

        np.add.at(self.channels, (crowd.channel, 0), 1)
        np.add.at(self.channels, (crowd.channel, 1), crowd.first_order)
        for code, who in crowd.traits.items():
            self.traits[code] += int(who.sum())
        self.erased += int((crowd.is_erased & (crowd.gone < world.clock.end)).sum())
        self.restricted += int((crowd.restricted < world.clock.end).sum())
        if crowd.ring and crowd.ring[2] < world.clock.end:
            self.rings.append([_text(crowd.names[place]) for place in crowd.ring[:2]])
        known = np.flatnonzero(seconds.at < world.clock.end)
        who = np.append(np.arange(len(crowd)), seconds.person[known])
        is_second = np.arange(len(who)) >= len(crowd)
        second = second_names(crowd, who)
        since = np.append(crowd.born, seconds.at[known])
        tied = np.append(np.full(len(crowd), NEVER), seconds.linked_at[known])
        tied[tied >= world.clock.end] = NEVER
        key = np.append(np.full(len(crowd), -1), seconds.key[known])
        self._append("people", len(who), {
            "contact_id": lambda rows: np.where(is_second[rows, None], second(rows), crowd.names[who[rows]]),
            "person": ident("", crowd.number[who]),
            "known_on": world.moments.day(world.clock.day(since)),
            "tied_on": _day_or_nothing(world, tied),
            "tied_by": word(table(list(KEYS)), key),
            "channel_code": word(world.channel_codes, crowd.channel[who]),
            "taste": word(table(world.goods.tastes), crowd.taste[who]),
            "group_id": word(table([f"G{k + 1}" for k in range(world.places.groups)]),
                             np.where(crowd.group_at < world.clock.end, crowd.group, -1)[who]),
        } | {code: flag(values[who]) for code, values in crowd.traits.items()})

    def stages(self, *reached: int) -> None:
        """People who reached each stage of the track `exam`."""
        self.stage_counts += reached

    def campaign(self, place: int, *counts: int) -> None:
        """Of a campaign: pushed, held out, pushed who order because of it, pushed and held out who order anyway."""
        self.campaigns[place] += counts

    def tired(self, recent: np.ndarray, opened: np.ndarray) -> None:
        """Delivered messages and those opened, by how many came in the seven days before."""
        band = np.minimum(recent, len(BANDS) - 1)
        self.answers[:, 0] += np.bincount(band, minlength=len(BANDS))
        self.answers[:, 1] += np.bincount(band[opened], minlength=len(BANDS))

    def brought(self, month: int, invited: int, active_before: int) -> None:
        """People brought by friends in a month, and people active in the month before."""
        self.referral[month] += (invited, active_before, 0)

    def guests_active(self, world: "World", person: np.ndarray, at: np.ndarray) -> None:
        """Guests known by a phone of their own are users too; `person`: whose taste they have, one guest each."""
        month = world.clock.month_of_days()[world.clock.day(at)]
        months = len(self.referral)
        self.referral[:, 2] += np.bincount(np.unique(person * months + month) % months, minlength=months)

    def orders(self, known: int, counted: np.ndarray, net: np.ndarray, foreign: np.ndarray, money: tuple) -> None:
        """Orders in the exports, those that count, and their net by currency."""
        home, others = money
        self.order_count += known
        self.counted += int(counted.sum())
        for number, currency in enumerate([*others, home]):
            of_it = counted & (foreign == (number if number < len(others) else -1))
            self.net[currency] += int(net[of_it].sum())

    def guests(self, number: np.ndarray, who: np.ndarray) -> None:
        """Orders that do not name a contact."""
        rows = np.flatnonzero(who > 0)
        self._append("guests", len(rows), {"order_id": ident("O", number[rows], 12),
                                           "carries": word(table(GUESTS), who[rows])})

    def margins(self, world: "World", crowd: "Crowd", person: np.ndarray, at: np.ndarray, margin: np.ndarray) -> None:
        """First orders within 30 days and margins within 90, of those who came that long before the last night."""
        clock = world.clock
        came = clock.day(crowd.born)
        age = clock.day(at) - came[person]
        lasted = clock.nights - 1 - came
        bought_early = np.zeros(len(crowd), dtype=bool)
        bought_early[person[age <= FIRST_ORDER_DAYS]] = True
        of_person = np.bincount(person, np.where(age < MATURE_DAYS, margin, 0), len(crowd)) / 100
        grown, mature = lasted >= FIRST_ORDER_DAYS, lasted >= MATURE_DAYS
        for column, who, values in ((2, grown, 1.0), (3, grown & bought_early, 1.0), (4, mature, 1.0),
                                    (5, mature, of_person), (6, mature, of_person**2)):
            np.add.at(self.channels, (crowd.channel[who], column), np.broadcast_to(values, len(crowd))[who])

    def costs(self, cents: np.ndarray) -> None:
        """Advertising cost by channel."""
        self.cost += cents / 100

    def write(self, world: "World", arguments: dict, campaigns: list) -> dict:
        """`truth.json`, and what it says."""
        truth = {
            "arguments": arguments, "timezone": world.clock.timezone, "currency": world.money.currency,
            "orders": self.order_count, "counted_orders": self.counted,
            "net_by_currency": {code: amount(cents) for code, cents in sorted(self.net.items()) if cents},
            "channels": self._channels(world), "traits": self._traits(world), "referral": self._referral(world),
            "campaigns": self._campaigns(world, campaigns), "fatigue": self._fatigue(world),
            "groups": self._groups(world), "exam": dict(zip(("enrolled", "exam_taken", "certified"),
                                                            self.stage_counts.tolist(), strict=True)),
            "identity": self._identity(world), "seasons": world.assumptions["seasons"],
            "places": _places(world), "tastes": world.assumptions["tastes"],
            "promotions": [
                {"campaign_id": p.code, "first": str(p.first), "last": str(p.last), "lift": float(p.lifts.max()),
                 "skus": [f"SKU{k:03d}" for k in np.flatnonzero(p.lifts > 1)]} for p in world.goods.promotions],
            "slow_movers": [f"SKU{k:03d}" for k in np.flatnonzero(world.goods.is_slow)],
            "foreign_rates": dict(zip(world.money.foreign, world.money.rates, strict=True)),
        }
        text = json.dumps(truth, indent=1, sort_keys=True, default=_plain)
        (self.folder / "truth.json").write_text(text + "\n")
        return json.loads(text)

    def _channels(self, world: "World") -> dict[str, dict]:
        found = {}
        clear = world.assumptions["clear_verdict"]
        for channel, sums, cost in zip(world.assumptions.channels, self.channels, self.cost, strict=True):
            people, chance, grown, early, mature, margin, squares = sums
            mean = margin / mature if mature else None
            planted = channel.cost * world.money.scale
            verdict = "keep" if not channel.is_paid else "test"
            if channel.is_paid and mature >= 2:
                verdict = "scale" if mean >= clear * planted else "cut" if mean * clear <= planted else "test"
            found[channel.code] = {
                "is_paid": channel.is_paid, "share": channel.share, "again": channel.again,
                "gap_days": channel.gap_days, "first_order": channel.first_order, "until": channel.until,
                "people": people, "cost": round(cost, 2), "cost_per_person": round(planted, 4),
                # The mean of the probabilities that its people had; what came of them.
                "first_order_conversion": _share(chance, people),
                "first_order_conversion_seen": _share(early, grown),
                "margin_90": mean and round(mean, 4), "mature_people": mature,
                "margin_90_sd": round(float(np.sqrt(max(squares / mature - mean**2, 0))), 4) if mature else None,
                "verdict": verdict,
            }
        return found

    def _traits(self, world: "World") -> dict[str, dict]:
        return {
            trait.code: {
                "share": trait.share, "people": self.traits[trait.code], "shows": trait.shows,
                "multiplies_first_order": trait.first_order, "multiplies_repurchase": trait.repurchase,
                "is_useful": trait.first_order != 1 or trait.repurchase != 1,
            } for trait in world.assumptions.traits
        }

    def _referral(self, world: "World") -> dict[str, Any]:
        """Guests are active as well and invite nobody: `planted_k` is for each of the others."""
        guests = np.append(0, self.referral[:-1, 2])
        active = self.referral[:, 1] + guests
        months = {
            # Nobody is active before the first month.
            str(month): {"invited": int(self.referral[k, 0]), "active_before": int(active[k]),
                         "guests_before": int(guests[k]), "k": _share(self.referral[k, 0], active[k]),
                         "planted_k": planted_k(world, k) if k else None}
            for k, month in enumerate(world.clock.months())
        }
        return {"months": months, "k": _share(self.referral[1:, 0].sum(), active[1:].sum()), "rings": self.rings}

    def _campaigns(self, world: "World", campaigns: list) -> dict[str, dict]:
        found = {}
        for campaign, counts in zip(campaigns, self.campaigns.tolist(), strict=True):
            pushed, held_out, moved, anyway, held_anyway = counts
            found[campaign.code] = {
                "day": str(world.clock.date(campaign.day)), "scenario": campaign.scenario, "offer": campaign.offer,
                "to": campaign.to, "effect": campaign.effect, "effect_idle": campaign.effect_idle,
                "pushed": pushed, "held_out": held_out,
                "ordered_because": moved, "ordered_anyway": anyway, "held_out_ordered": held_anyway,
                "uplift": _share(moved, pushed),
                "is_mature": campaign.day + 7 < world.clock.nights,
            }
        return found

    def _fatigue(self, world: "World") -> dict[str, Any]:
        return {"slope": world.assumptions["pushes"]["fatigue"], "bands": {
            band: {"delivered": delivered, "opened": opened, "open_rate": _share(opened, delivered)}
            for band, (delivered, opened) in zip(BANDS, self.answers.tolist(), strict=True)}}

    def _groups(self, world: "World") -> dict[str, float]:
        lift = world.assumptions["groups"]["lift"]
        return {f"G{k + 1}": lift if k % 2 else 1.0 for k in range(world.places.groups)}

    def _identity(self, world: "World") -> dict[str, Any]:
        rates = world.assumptions["identity"]
        shares = world.places.users >= rates["shared_from_people"]
        return {"shared_phone_contacts": rates["shared_phone_by"] if shares else 0,
                "shared_phone": world.country.first_digits + "9" * world.country.digits,
                "shared_device_contacts": rates["shared_device_by"] if shares else 0,
                "erased": self.erased, "restricted": self.restricted}


def planted_k(world: "World", month: int) -> float:
    """People brought in a month for each person active the month before, as planted; less where its nights are few."""
    referral, clock = world.assumptions["referral"], world.clock
    first = clock.months()[month]
    days = monthrange(first.year, first.month)[1]
    nights = min(clock.nights - max(clock.number(first), 0), days)
    return (referral["k_asked"] if month % referral["asked_every"] == 0 else referral["k"]) * nights / days


def _places(world: "World") -> dict[str, Any]:
    from userops.simulate.locations import kilometres

    stores, communities = world.places.stores, world.places.communities
    return {
        "stores": {f"ST{k + 1}": str(world.clock.date(row["opened"])) for k, row in enumerate(stores)},
        "kilometres": {f"CM{k + 1}": {f"ST{n + 1}": round(kilometres(row, store), 4) for n, store in enumerate(stores)}
                       for k, row in enumerate(communities)},
        "courier_first_order": world.assumptions["couriers"]["first_order"],
    }


def _day_or_nothing(world: "World", t: np.ndarray) -> Column:
    shown = world.moments.day(world.clock.day(np.where(t < NEVER, t, 0)))

    def cells(rows: np.ndarray) -> Cells:
        found = shown(rows)
        found[t[rows] >= NEVER] = 0
        return found

    return cells


def _share(part: float, whole: float) -> float | None:
    return round(float(part) / float(whole), 6) if whole else None


def _text(cells: Cells) -> str:
    return cells[cells != 0].tobytes().decode()


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value) if isinstance(value, Decimal) else value
