"""`userops simulate`: a business with known truth, as canonical exports or as the files of its platforms."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from userops.cli.edge import load_settings, out, parse_day
from userops.errors import UseropsError
from userops.settings import Settings


def simulate(
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the exports (and `_truth/`).")],
    users: Annotated[int, typer.Option(min=1)] = 1000,
    nights: Annotated[int, typer.Option(min=1, help="Business dates to write.")] = 30,
    start: Annotated[str, typer.Option(help="First business date.")] = "2025-01-01",
    seed: Annotated[int, typer.Option()] = 1,
    timezone: Annotated[str | None, typer.Option(help="Zone of the business (default: USEROPS_TIMEZONE).")] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency (default: USEROPS_CURRENCY).")] = None,
    country: Annotated[str | None, typer.Option(help="Of its phones (default: USEROPS_DEFAULT_COUNTRY).")] = None,
    without: Annotated[str, typer.Option(help="Optional exports to leave out, with commas between.")] = "",
    format: Annotated[str, typer.Option(help="csv, csv.gz, csv.zst or parquet.")] = "csv",
    pace: Annotated[float, typer.Option(help="How many times as often people order.")] = 1.0,
    split: Annotated[
        str, typer.Option("--as", help="Write the files of these platforms: `shopify,wecom`, or `name=platform`.")
    ] = "",
    quirks: Annotated[
        bool, typer.Option("--quirks", help="With --as: damage the files as spreadsheets and portals do.")
    ] = False,
    keep_contacts: Annotated[
        bool, typer.Option("--keep-contacts", help="With --as: deliver the table of contacts beside WeCom's.")
    ] = False,
) -> None:
    """Write a business with known truth, one business date after the other."""
    _check(split, quirks, keep_contacts, format)
    settings = load_settings()
    business = {
        "timezone": timezone or settings.timezone, "currency": currency or settings.currency,
        "country": country or settings.default_country, "format": format, "pace": pace,
        "without": [name.strip() for name in without.split(",") if name.strip()],
    }  # fmt: skip
    size = (users, nights, parse_day(start), seed)
    started = time.monotonic()
    if split:
        rows = _as_platforms(settings, out_dir, size, business, split, quirks, keep_contacts)
    else:
        rows = _write(out_dir, size, business)
    out.print(f"Exports of {users} users over {nights} dates are in {out_dir}; the truth is in {out_dir}/_truth.")
    out.print(f"{sum(rows.values()):,} rows in {time.monotonic() - started:.1f} s.")


def _check(split: str, quirks: bool, keep_contacts: bool, format: str) -> None:
    """Refuse options that would do nothing."""
    if not split and (quirks or keep_contacts):
        option = "--quirks" if quirks else "--keep-contacts"
        raise UseropsError(f"{option} is about platforms' files.", fix="name the platforms with --as, or leave it out.")
    if split and format != "csv":
        raise UseropsError(f"Platforms' files are written as the platforms write them, not as {format}.",
                           fix="leave out --format.")  # fmt: skip


def _write(folder: Path, size: tuple, business: Mapping[str, object]) -> dict[str, int]:
    from userops.simulate import simulate as write

    return write(folder, *size, **business)["rows"]


def _as_platforms(
    settings: Settings, folder: Path, size: tuple, business: Mapping[str, object], split: str, quirks: bool,
    keep_contacts: bool,
) -> dict[str, int]:
    """Write the business for a moment, then the files that its platforms would deliver of it.

    Contact ids made of names are those that this deployment's hash key gives, so canonical files fit the platforms'.
    """
    from userops.privacy import keys
    from userops.simulate.platforms import as_platforms, keyed

    key = keys.derived(keys.given(settings.with_hash_key()), "pseudonym")
    with tempfile.TemporaryDirectory(prefix="userops-simulate-") as draft:
        canonical = Path(draft) / "business"
        _write(canonical, size, business)
        return as_platforms(
            canonical, folder, split, quirks=quirks, seed=size[3], timezone=business["timezone"],
            currency=business["currency"], keep_contacts=keep_contacts, pseudonym=keyed(key),
        )  # fmt: skip
