"""A project with two small platforms of its own, and its landing place; no server is needed."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from userops.contracts.model import load_contracts
from userops.ingest import judging, landing, reading
from userops.ingest.clock import Clock
from userops.ingest.mapping import Context
from userops.ingest.reading import File, Reading
from userops.lake.session import Session
from userops.settings import Settings

DAY = date(2026, 3, 2)
SHOP = """files: [shop*.csv]
required: [orders]
values: {channel: shop}
header: {Id: id, Time: time, Money: money, Way: way, Sent: sent, Stuff: stuff, Phone: phone, Device: device}
optional: [way, sent, stuff, phone, device]
exports:
  orders:
    row_per_line: true
    select: |
      select
          _row, id as order_id, 'created' as status, time as placed_at, phone, device as device_id,
          null as paid_at, money as gross_amount, '0' as discount_amount, '0' as shipping_amount, '0' as paid_amount,
          'web' as sales_channel, :channel as channel_code, way as payment_method,
          sent as _fulfilled_at, money as _total, time as updated_at
      from staged
  order_lines:
    row_per_line: true
    select: |
      select _row, id as order_id, '1' as line_no, stuff as sku, '1' as quantity, money as unit_price,
          money as line_amount, time as updated_at
      from staged
"""
ADS = """files: [ads*.csv]
required: []
values: {channel: ads}
skip_lines: auto
header: {Day: day, Campaign: campaign, Keyword: keyword, Clicks: clicks, Impr.: impressions, Cost: cost, Cur: currency}
optional: [keyword, currency]
exports:
  ad_stats:
    row_per_line: true
    add: [impressions, clicks, cost]
    set_aside: [{when: "day like 'Total%'", reason: a total}]
    select: |
      select _row, day as stat_date, :channel as channel_code, campaign as campaign_id, keyword, impressions, clicks,
          cost, coalesce(currency, :currency) as currency, day || ' 00:00:00' as updated_at
      from staged
"""
HEADER = "Id,Time,Money,Way,Sent,Stuff,Phone,Device\n"
TIME = "2026-03-02 10:00:00"
TWO = "sources:\n  - {name: shop}\n  - {name: shop_b, platform: shop, files: [b_orders*.csv]}\n  - {name: ads}\n"


@dataclass
class Place:
    """A project with platforms of its own, and its landing place."""

    root: Path
    session: Session

    def settings(self, sources: str = "", **more: str) -> Settings:
        return Settings.load({
            "USEROPS_PROJECT": str(self.root), "USEROPS_HOME": str(self.root / "home"), "USEROPS_SOURCES": sources,
            "USEROPS_LANDING": str(self.root / "landing"),
        } | more)  # fmt: skip

    def say(self, text: str) -> Settings:
        (self.root / "sources.yml").write_text(text, encoding="utf-8")
        return self.settings()

    def file(self, name: str, text: str = "") -> Path:
        path = self.root / "landing" / DAY.isoformat() / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def folder(self, settings: Settings) -> landing.Folder:
        return landing.list_folder(settings, DAY)

    def read(self, settings: Settings, export: str) -> Reading:
        """The one file of an export, read with its source's clock and currency."""
        (delivered,) = self.folder(settings).of(export)
        said = delivered.source.said if delivered.source else None
        zone, currency = (said and said.timezone) or settings.timezone, (said and said.currency) or settings.currency
        context = Context(DAY, Clock(zone), currency, lambda: "key", lambda *_: None, settings.timezone)
        path = Path(delivered.path)
        file = File(load_contracts()[export], delivered, path, "", path.stat().st_size, "", DAY)
        return reading.read(self.session, context, file)

    def rows(self, settings: Settings, export: str, columns: str) -> list[tuple]:
        row = self.read(settings, export).judged.row
        found = self.session.database.execute(f"select {columns} from {judging.TABLE} where _good order by {row}")
        return found.fetchall()


def project(root: Path, session: Session) -> Place:
    """A place whose platforms are `shop` and `ads`."""
    (root / "platforms").mkdir()
    for name, text in {"shop": SHOP, "ads": ADS}.items():
        (root / "platforms" / f"{name}.yml").write_text(text, encoding="utf-8")
    return Place(root, session)
