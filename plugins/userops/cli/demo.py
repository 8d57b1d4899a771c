"""`make demo`: real order lines replayed as daily exports, published, looked at, then broken on purpose."""

import os
import shutil
import time
from datetime import date
from pathlib import Path

from rich.console import Console

from userops.errors import UseropsError
from userops.settings import Settings

SINGLE_DAYS = 5
EVERYTHING = "a year of orders; nothing is printed for some minutes"
# The first of them loads everything before it; each publishes a version, so that there is one to roll back to.
RUNS = 2
LAST_DAY = date(2011, 12, 9)
SEED = 7
# A customer of the shop, to erase.
PERSON = "uci:12347"
# The simulated CRM brings the contacts, with more in them than the order lines tell.
SOURCES = "sources:\n  - {name: uci, exports: [orders, order_lines, products]}\n"
# What the shipped data are about. It goes to the `.env` of USEROPS_HOME, which every later command reads.
ENVIRONMENT = {
    "USEROPS_TIMEZONE": "Europe/London",
    "USEROPS_CURRENCY": "GBP",
    "USEROPS_DEFAULT_COUNTRY": "GB",
    "USEROPS_SOURCES": "uci",
}


def run(settings: Settings, out: Console) -> int:
    """Run what is not published yet, break a copy of the last day, print where to look. Returns the exit code."""
    from userops.cli.runs import run_one
    from userops.publish.status import status
    from userops.warehouse.location import warehouse_url

    settings = configure(settings)
    out.print("userops demo: 541,909 real order lines; channel and CRM exports beside them are [bold]simulated[/bold].")
    landing = _landing(settings, out)
    days = sorted(date.fromisoformat(p.name) for p in landing.iterdir() if p.name[:2] == "20")
    published = status(warehouse_url(settings))["business_date"]
    for day in days[-RUNS:]:
        if published and day.isoformat() <= published:
            continue
        out.print(f"  {day}: loading, checking, building and publishing {'this day' if published else EVERYTHING} …")
        started = time.monotonic()
        code = run_one(settings, day)
        out.print(f"  {day}: {time.monotonic() - started:.1f} s")
        published = day.isoformat()
        if code:
            return code
    if not (settings.home / "demo-broken").exists():
        _break_a_file(settings, landing, days[-1], out)
    _tell(settings, out)
    return 0


def configure(settings: Settings) -> Settings:
    """Keep what the demo is about with its home, so that every later command reads the same business.

    The environment wins over that file, as it does over `.env`: what it says otherwise would mix two businesses.
    """
    file = settings.home / ".env"
    landing = str(settings.home / "demo-landing")
    wanted = ENVIRONMENT | {"USEROPS_LANDING": landing}
    for name, value in wanted.items():
        given = os.environ.setdefault(name, value)
        if given != value:
            raise UseropsError(
                f"{name} is {given!r}, and the demo needs {value!r}.",
                fix=f"unset {name} (it may stand in .env), or give the demo a USEROPS_HOME of its own.",
            )
    settings.home.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{name}={value}\n" for name, value in wanted.items())
    note = "# Written by `userops demo`. Remove this folder before you use it for your own business.\n"
    file.write_text(note + text)
    (settings.home / "sources.yml").write_text(note + SOURCES)
    return Settings.load()


def _landing(settings: Settings, out: Console) -> Path:
    """The landing folders, made once: one bulk backlog, then single days. They stay for whatever is tried later."""
    from userops.ingest.replay import source_file, split_online_retail
    from userops.simulate import simulate_crm

    landing = Path(settings.landing)
    if landing.exists():
        return landing
    out.print("  writing the landing folders …")
    draft = landing.with_name("demo-landing.draft")
    shutil.rmtree(draft, ignore_errors=True)
    split_online_retail(draft, LAST_DAY, SINGLE_DAYS)
    simulate_crm(source_file(), draft, SEED)
    (settings.home / "simulated").touch()
    draft.rename(landing)
    return landing


def _break_a_file(settings: Settings, landing: Path, day: date, out: Console) -> None:
    """Deliver the last day again, its order file cut inside a row: it must be blocked, readers keep what they have."""
    from userops.cli.edge import with_landing
    from userops.cli.runs import run_one

    broken = settings.home / "demo-broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(landing / day.isoformat(), broken / day.isoformat())
    source = next((broken / day.isoformat()).glob("online_retail*"))
    content = source.read_bytes()
    source.write_bytes(content[: content.rindex(b",", 0, len(content) // 2)])
    out.print("\nNow the same day again, its order file cut in half on its way. This run is meant to be blocked:")
    run_one(with_landing(settings, str(broken)), day)
    with_landing(settings, str(landing))


def _tell(settings: Settings, out: Console) -> None:
    here = settings.home
    out.print(f"""
[bold]What happened[/bold]
  A year of real orders is published. The broken file was blocked, and one alert was written: {here}/alerts.log
  Readers kept the version before it; the dashboards say so at their top.
[bold]Try next[/bold]
  .venv/bin/userops status                          what is published, and what blocked the broken file
  .venv/bin/userops rollback                        put readers back on the version before
  .venv/bin/userops run --date {LAST_DAY}            the whole file again: readers see that date once more
  .venv/bin/userops erase {PERSON} --now          take a person out of every version
  .venv/bin/userops db psql                         the tables in schema marts (any client: .venv/bin/userops db url)
  make serve                                        Airflow with its UI; a run's tab Gate shows what blocked it
  .venv/bin/userops site --serve                    the dashboards at an address, for browsers that open no folders

Open the dashboards: [bold]{(here / "site" / "index.html").as_uri()}[/bold]""")
