"""`make demo`: real order lines replayed as nightly exports, published, looked at, then broken on purpose."""

import os
import shutil
import time
from datetime import date
from pathlib import Path

from rich.console import Console

from userops.settings import Settings

SINGLE_NIGHTS = 5
LAST_DAY = date(2011, 12, 9)
SEED = 7
ENVIRONMENT = {
    "USEROPS_TIMEZONE": "Europe/London",
    "USEROPS_CURRENCY": "GBP",
    "USEROPS_DEFAULT_COUNTRY": "GB",
    "USEROPS_SOURCES": "uci",
}


def run(out: Console) -> int:
    """Replay what is not published yet, break a copy of the last night, print where to look. Returns the exit code."""
    from userops.cli.runs import run_one
    from userops.publish.status import status
    from userops.warehouse.location import warehouse_url

    settings = _settings()
    out.print("userops demo: 541,909 real order lines; channel and CRM exports beside them are [bold]simulated[/bold].")
    landing = _landing(settings, out)
    days = sorted(date.fromisoformat(p.name) for p in landing.iterdir() if p.name[:2] == "20")
    published = status(warehouse_url(settings))["business_date"]
    for day in days:
        if published and day.isoformat() <= published:
            continue
        started = time.monotonic()
        code = run_one(day, None)
        out.print(f"  {day}: {time.monotonic() - started:.1f} s")
        if code:
            return code
    if not (settings.home / "demo-broken").exists():
        _break_a_night(settings, landing, days[-1], out)
    _tell(settings, out)
    return 0


def _settings() -> Settings:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    settings = Settings.load()
    os.environ["USEROPS_LANDING"] = str(settings.home / "demo-landing")
    return Settings.load()


def _landing(settings: Settings, out: Console) -> Path:
    """The landing folders, made once: one bulk backlog, then single nights."""
    from userops.ingest.replay import source_file, split_online_retail
    from userops.simulate import simulate_crm

    landing = Path(settings.landing)
    if landing.exists():
        return landing
    out.print("  writing the landing folders …")
    draft = landing.with_name("demo-landing.draft")
    shutil.rmtree(draft, ignore_errors=True)
    split_online_retail(draft, LAST_DAY, SINGLE_NIGHTS)
    simulate_crm(source_file(), draft, SEED)
    (settings.home / "simulated").touch()
    draft.rename(landing)
    return landing


def _break_a_night(settings: Settings, landing: Path, day: date, out: Console) -> None:
    """The last night comes again, its order file cut inside a row: it must be blocked, readers keep what they have."""
    from userops.cli.runs import run_one

    broken = settings.home / "demo-broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(landing / day.isoformat(), broken / day.isoformat())
    source = next((broken / day.isoformat()).glob("online_retail*"))
    content = source.read_bytes()
    source.write_bytes(content[: content.rindex(b",", 0, len(content) // 2)])
    out.print("\nNow the same night again, its order file cut in half on its way (a copy, to see what happens):")
    run_one(day, str(broken))
    os.environ["USEROPS_LANDING"] = str(landing)


def _tell(settings: Settings, out: Console) -> None:
    here = settings.home
    out.print(f"""
[bold]Look[/bold]
  dashboards   {here}/site/index.html
  the alert    {here}/alerts.log
  the marts    .venv/bin/userops db psql   (or any client: .venv/bin/userops db url)
[bold]Try next[/bold]
  .venv/bin/userops status      what is published, and what blocked the broken night
  .venv/bin/userops rollback    put readers on the version before
  make serve                    Airflow with its UI
""")
