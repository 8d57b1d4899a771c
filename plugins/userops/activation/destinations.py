"""`activation.yml`: what is exported after each publication."""

from contextlib import closing
from pathlib import Path
from typing import Literal

from userops import yaml_files
from userops.activation.export import Exported, export, kind_of
from userops.activation.wecom import WeCom
from userops.activation.wecom_tags import FORMAT as WECOM
from userops.activation.wecom_tags import Tagged, check_tag, tag_audience
from userops.errors import UseropsError
from userops.settings import Settings
from userops.yaml_files import YamlModel

FILE = "activation.yml"
Formats = Literal["csv", "google", "meta", "tencent", "ocean_engine", "wecom"]
Media = Literal["sms", "email", "wechat", "app", "weibo"]


class Destination(YamlModel):
    """An audience and where it goes; `tag` and `apply` are about WeCom alone, whose changes are sent with `apply`."""

    audience: str
    format: Formats = "csv"
    medium: Media | None = None
    with_identifiers: bool = False
    tag: str = ""
    apply: bool = False


class Destinations(YamlModel):
    """The file."""

    exports: tuple[Destination, ...] = ()


def load(settings: Settings) -> tuple[Destination, ...]:
    """What the project exports after each publication; nothing where it has no such file."""
    root = settings.project_root
    found = yaml_files.load(root / FILE, Destinations, root).exports if (root / FILE).exists() else ()
    for wanted in found:
        check(settings, wanted)
    return found


def check(settings: Settings, wanted: Destination) -> None:
    """Raise an error for what cannot be exported, whatever the warehouse holds."""
    if wanted.format != WECOM:
        if wanted.tag or wanted.apply:
            raise UseropsError("--tag and --apply are about WeCom.", fix="ask for the format wecom, or leave them out.")
        kind_of(wanted.audience, wanted.format, wanted.medium, wanted.with_identifiers)
        return
    if wanted.medium not in (None, "wechat") or wanted.with_identifiers:
        raise UseropsError("Tags in WeCom take no medium and no identifiers.", fix="leave them out.")
    check_tag(wanted.tag)
    if wanted.apply:
        _client(settings).close()


def activate(settings: Settings, url: str, wanted: Destination, out: Path) -> Exported | Tagged:
    """Write one destination's files, and send them where they are to be sent."""
    if wanted.format != WECOM:
        return export(
            settings, url, wanted.audience, out, wanted.medium, wanted.with_identifiers, format=wanted.format
        )
    if not wanted.apply:
        return tag_audience(url, wanted.audience, out, wanted.tag)
    with closing(_client(settings)) as client:
        return tag_audience(url, wanted.audience, out, wanted.tag, client)


def _client(settings: Settings) -> WeCom:
    return WeCom(settings.wecom_corp_id, settings.wecom_secret)
