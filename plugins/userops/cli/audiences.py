"""`userops audiences`."""

import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from userops.cli.edge import AsJson, err, load_settings, out
from userops.tags.catalog import Catalog, load_catalog
from userops.tags.rendering import tags_of

audiences_app = typer.Typer(no_args_is_help=True, help="Audiences: their files for platforms, and tags in WeCom.")


@audiences_app.callback()
def audiences() -> None:
    """Audiences: their files for platforms, and tags in WeCom."""


@audiences_app.command("export")
def export_audience(
    audience: Annotated[str, typer.Argument(help="Code of the audience.")],
    out_dir: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    format: Annotated[str, typer.Option(help="csv, google, meta, tencent, ocean_engine or wecom.")] = "csv",
    medium: Annotated[
        str | None, typer.Option(help="sms, email, wechat, app or weibo; all that the format knows by default.")
    ] = None,
    with_identifiers: Annotated[
        bool, typer.Option("--with-identifiers", help="csv: contact_id and identifier too; takes rights on the vault.")
    ] = False,
    tag: Annotated[str, typer.Option(help="wecom: id of the tag.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="wecom: send the changes; without, they are shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the members who may be contacted: consent, unsubscriptions, restrictions and fatigue are respected."""
    from userops.activation.destinations import Destination, activate, check
    from userops.warehouse.location import warehouse_url

    wanted = Destination.model_construct(
        audience=audience, format=format, medium=medium, with_identifiers=with_identifiers, tag=tag, apply=apply
    )
    settings = load_settings()
    check(settings, wanted)
    done = activate(settings, warehouse_url(settings), wanted, out_dir)
    if as_json:
        print(json.dumps(asdict(done), default=str))
    else:
        out.print(str(done), soft_wrap=True, markup=False)
    _warn_if_stale(load_catalog(settings.project_root), audience, done.business_date, settings.timezone)


def _warn_if_stale(catalog: Catalog, audience: str, business_date: date, timezone: str) -> None:
    """Say so if a tag that the audience depends on is past its validity."""
    if audience not in catalog.audiences:
        return
    today = datetime.now(ZoneInfo(timezone)).date()
    for code in tags_of(catalog.audiences[audience].rule):
        until = business_date + timedelta(days=catalog.tags[code].validity_days)
        if until < today:
            err.print(f"[yellow]note[/yellow] the tag {code} of {business_date} was valid until {until}.")
