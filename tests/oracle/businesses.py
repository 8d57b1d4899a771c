"""The businesses that the oracle is asked about: a simulated one, a wild one and cases by hand in the same folders."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from oracle.delivery import Delivery
from oracle.nasty import MIDDLE, deliver_nasty
from oracle.nasty_orders import deliver_nasty_orders
from oracle.nasty_people import deliver_nasty_people
from oracle.snapshots import heartbeat
from oracle.wild_rows import deliver_wild
from userops.simulate import simulate

HISTORY_FROM, FIRST_FOLDER, FIRST_NIGHT = date(2023, 6, 1), date(2024, 12, 31), date(2025, 1, 1)
FOLDER_DAYS, USERS = 13, 150


def deliver(out: Path, zone: ZoneInfo, business_dates: list[date], seed: int) -> None:
    """Write landing folders up to the last business date: one each 13 days, one a business date, one a day before."""
    last = max(business_dates)
    nights = (last - FIRST_NIGHT).days + 1
    dates = {FIRST_FOLDER + timedelta(days=k) for k in range(0, nights, FOLDER_DAYS)} | set(business_dates)
    dates.add(MIDDLE - timedelta(days=1))  # whose orders say on which day money went back
    delivery = Delivery(zone, dates)
    with TemporaryDirectory() as simulated:
        simulate(Path(simulated), USERS, nights, FIRST_NIGHT, seed)
        delivery.add_simulated(Path(simulated))
    deliver_wild(delivery, seed, HISTORY_FROM, last)
    deliver_nasty(delivery)
    deliver_nasty_people(delivery)
    deliver_nasty_orders(delivery)
    heartbeat(delivery)
    delivery.write(out)
