"""What was planted into a simulated business can be read out of its exports again."""

import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from exports_read import folders_of, latest_of, rows_of, versions_of

from userops.simulate import simulate
from userops.simulate.assumptions import load_assumptions


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough people and nights for what was planted to show."""
    folder = tmp_path_factory.mktemp("large")
    simulate(folder, 8000, 150, date(2025, 1, 1), 5)
    return folder


class Planted:
    """The large business as a reader of its exports sees it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.truth = json.loads((folder / "_truth" / "truth.json").read_text())
        people = rows_of(folder / "_truth" / "people.csv")
        self.person = {r["contact_id"]: r["person"] for r in people}
        self.people = {r["person"]: r for r in people if not r["contact_id"].endswith("B")}
        self.born = {p: date.fromisoformat(r["known_on"]) for p, r in self.people.items()}
        self.last = date.fromisoformat(folders_of(folder)[-1].name)
        self.days: dict[str, list[date]] = defaultdict(list)
        refunds = Counter()
        for refund in latest_of(folder, "refunds").values():
            refunds[refund["order_id"]] += int(Decimal(refund["amount"]) * 100)
        for (order_id,), order in latest_of(folder, "orders").items():
            kept = order["paid_at"] and order["status"] != "cancelled"
            if kept and order["contact_id"] and refunds[order_id] < int(Decimal(order["paid_amount"]) * 100):
                self.days[self.person[order["contact_id"]]].append(date.fromisoformat(order["paid_at"][:10]))

    def mature(self, days: int) -> list[str]:
        return [p for p, born in self.born.items() if (self.last - born).days >= days]

    def repurchased(self, who: list[str]) -> float:
        """Orders a month of those who bought at least once."""
        buyers = [p for p in who if self.days.get(p)]
        return sum(len(self.days[p]) - 1 for p in buyers) / len(buyers)


@pytest.fixture(scope="module")
def planted(large: Path) -> Planted:
    return Planted(large)


def test_channels_convert_as_planted(planted: Planted) -> None:
    by_channel: dict[str, list[bool]] = defaultdict(list)
    for person in planted.mature(30):
        early = [d for d in planted.days.get(person, []) if (d - planted.born[person]).days <= 30]
        by_channel[planted.people[person]["channel_code"]].append(bool(early))
    for code, bought in by_channel.items():
        expected = planted.truth["channels"][code]["first_order_conversion"]
        # Four standard errors, and what orders by phone alone hide from this simple reader.
        margin = 4 * (expected * (1 - expected) / len(bought)) ** 0.5 + 0.03
        assert abs(sum(bought) / len(bought) - expected) < margin, code


def test_useful_traits_lift_repurchase_and_the_others_do_not(planted: Planted) -> None:
    for trait in load_assumptions().traits:
        bearers = [p for p in planted.mature(60) if planted.people[p][trait.code] == "true"]
        others = [p for p in planted.mature(60) if planted.people[p][trait.code] == "false"]
        lift = planted.repurchased(bearers) / planted.repurchased(others)
        if trait.repurchase > 1:
            assert lift > 1 + (trait.repurchase - 1) * 0.4, trait.code
        else:
            assert 0.7 < lift < 1.35, trait.code


def test_campaigns_lift_as_the_truth_says(planted: Planted) -> None:
    for code, campaign in planted.truth["campaigns"].items():
        if campaign["pushed"] < 500 or not campaign["is_mature"]:
            continue
        treated = (campaign["ordered_anyway"] + campaign["ordered_because"]) / campaign["pushed"]
        control = campaign["held_out_ordered"] / campaign["held_out"]
        error = (treated * (1 - treated) / campaign["pushed"] + control * (1 - control) / campaign["held_out"]) ** 0.5
        assert abs(treated - control - campaign["uplift"]) < 4 * error, code
        assert campaign["uplift"] == 0 or campaign["effect"] > 0, code


def test_the_held_out_get_no_message_of_the_campaign(planted: Planted) -> None:
    pushed: dict[str, Counter] = defaultdict(Counter)
    for (_,), push in latest_of(planted.folder, "pushes").items():
        if push["campaign_id"]:
            pushed[push["campaign_id"]][push["contact_id"]] += 1
    for code, campaign in planted.truth["campaigns"].items():
        assert set(pushed[code].values()) <= {1}
        assert abs(len(pushed[code]) - campaign["pushed"]) <= 0.02 * campaign["pushed"] + 1
        share = campaign["held_out"] / max(campaign["held_out"] + campaign["pushed"], 1)
        assert campaign["pushed"] < 500 or abs(share - load_assumptions()["campaigns"]["held_out"]) < 0.06


def test_answers_tire(planted: Planted) -> None:
    rates = [band["open_rate"] for _, band in sorted(planted.truth["fatigue"]["bands"].items())]
    assert rates == sorted(rates, reverse=True) and rates[-1] < 0.6 * rates[0]


def test_friends_bring_as_many_as_planted(planted: Planted) -> None:
    months = [m for m in planted.truth["referral"]["months"].values() if m["planted_k"]]
    for month in months:
        expected = month["planted_k"] * (month["active_before"] - month["guests_before"])
        assert abs(month["invited"] - expected) < 4 * expected**0.5 + 2
    named = {c["contact_id"]: c["referrer_contact_id"] for c in latest_of(planted.folder, "contacts").values()
             if c["referrer_contact_id"] and not c["contact_id"].endswith("B")}
    (ring,) = planted.truth["referral"]["rings"]
    assert named[ring[0]] == ring[1] and named[ring[1]] == ring[0]
    first = sum(m["invited"] for m in planted.truth["referral"]["months"].values())
    assert abs(len(named) - first) <= 3


def test_a_year_has_its_peak_and_no_hole(tmp_path: Path) -> None:
    """The gate's usual measure: a day's orders against the median of the same weekday in the last four weeks."""
    simulate(tmp_path, 30_000, 90, date(2025, 9, 15), 8, without=["events", "pushes", "touches", "points", "coupons"])
    first = {o["order_id"]: o["paid_at"][:10] for o in versions_of(tmp_path, "orders") if o["paid_at"]}
    days = Counter(first.values())
    counts = [days[str(date(2025, 9, 15) + timedelta(days=k))] for k in range(90)]
    ratio = {
        date(2025, 9, 15) + timedelta(days=k): counts[k] / np.median([counts[k - 7 * week] for week in (1, 2, 3, 4)])
        for k in range(28, 90)
    }
    assert 6 < ratio.pop(date(2025, 11, 11)) < 11
    assert min(ratio.values()) > 0.7 and max(ratio.values()) < 4
