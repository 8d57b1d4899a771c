"""Cities, stores, communities, staff and groups of a simulated business."""

import math

import numpy as np

from userops.simulate.assumptions import Assumptions, Country
from userops.simulate.clock import Clock

EARTH_KM = 6371.0088
ROLES = ("founder", "employee", "employee", "customer_service", "customer_service", "store_guide", "store_guide",
         "store_guide", "store_guide", "courier", "courier", "courier", "courier")
KINDS = ("community", "event", "training", "buying")
# Stores are listed a week before they open.
LISTED_BEFORE = 7


class Places:
    """Where people live and buy. `city_store`: stores of a city; `communities` know their store and courier."""

    def __init__(self, assumptions: Assumptions, country: Country, clock: Clock, users: int) -> None:
        given = country.places
        self.clock, self.users = clock, users
        self.cities = [name for name, _, _ in given["cities"]]
        self.city_tiers = [tier for _, tier, _ in given["cities"]]
        self.city_shares = np.array([share for _, _, share in given["cities"]])
        self.stores = [{"city": city, "latitude": lat, "longitude": lon, "opened": 0}
                       for city, lat, lon in given["stores"]]
        late = assumptions["new_store"]
        if clock.nights >= late["least_nights"]:
            self.stores[-1]["opened"] = int(clock.nights * late["after"])
        self.store_city = np.array([self.cities.index(store["city"]) for store in self.stores])
        self.store_opened = np.array([store["opened"] for store in self.stores])
        self.communities = [_placed(row, self.stores) for row in assumptions["communities"]]
        self.community_city = np.array([self.cities.index(row["city"]) for row in self.communities])
        self.community_courier = np.array(
            [9 + row["store"] - 1 if row["courier"] else -1 for row in self.communities])
        self.friends_staff = np.array([k for k, role in enumerate(ROLES) if role != "courier"])
        self.target = max(5, round(users * assumptions["couriers"]["target_share"]))
        sizes = assumptions["groups"]
        self.groups = min(max(sizes["least"], users // sizes["people_each"]), sizes["most"])

    def store_rows(self, day: int) -> list[dict]:
        """The stores export as a night shows it."""
        return [
            {"store_id": f"ST{k + 1}", "store_name": f"{row['city']} store {k + 1}", "city": row["city"],
             "latitude": row["latitude"], "longitude": row["longitude"], "opened_on": self.clock.date(row["opened"])}
            for k, row in enumerate(self.stores) if row["opened"] - LISTED_BEFORE <= day
        ]

    def community_rows(self, day: int) -> list[dict]:
        """The communities export as a night shows it."""
        return [
            {"community_id": f"CM{k + 1}", "community_name": f"{row['city']} court {k + 1}", "city": row["city"],
             "latitude": row["latitude"], "longitude": row["longitude"],
             "households": math.ceil(row["households"] * self.users / 1000),
             "store_id": f"ST{row['store']}" if self.stores[row["store"] - 1]["opened"] <= day else None,
             "courier_id": f"S{self.community_courier[k] + 1}" if row["courier"] else None}
            for k, row in enumerate(self.communities)
        ]

    def staff_rows(self, day: int) -> list[dict]:
        """The staff export as a night shows it; the target of the last courier is left to the default."""
        homes = {k: (k - 5) % 4 + 1 for k in range(5, len(ROLES))}
        homes = {k: store for k, store in homes.items() if self.stores[store - 1]["opened"] <= day}
        return [
            {"staff_id": f"S{k + 1}", "staff_name": f"Colleague {k + 1}", "role": role,
             "store_id": f"ST{homes[k]}" if k in homes else None,
             "new_consumer_target": self.target if role == "courier" and k < len(ROLES) - 1 else None}
            for k, role in enumerate(ROLES)
        ]

    def group_rows(self) -> list[dict]:
        """The groups export."""
        return [
            {"group_id": f"G{k + 1}", "group_name": f"Group {k + 1}", "kind": KINDS[k // 2 % len(KINDS)],
             "owner_staff_id": f"S{k % 5 + 1}", "store_id": f"ST{k % 3 + 1}", "community_id": f"CM{k % 6 + 1}",
             "created_at": f"{self.clock.date(0)}T00:00:00"}
            for k in range(self.groups)
        ]


def _placed(row: dict, stores: list[dict]) -> dict:
    """A community by its distance from its store, to a tenth of a metre."""
    store = stores[row["store"] - 1]
    degree = math.pi * EARTH_KM / 180
    narrower = math.cos(math.radians(store["latitude"]))
    return row | {
        "city": store["city"],
        "latitude": round(store["latitude"] + row["north"] / degree, 6),
        "longitude": round(store["longitude"] + row["east"] / degree / narrower, 6),
    }


def kilometres(a: dict, b: dict) -> float:
    """Great-circle distance."""
    lat_a, lat_b = math.radians(a["latitude"]), math.radians(b["latitude"])
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin(math.radians(b["longitude"] - a["longitude"]) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(half))

