"""What platforms call the business's orders, people, staff, groups and campaigns, and canonical rows that speak so."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from userops.contracts.model import load_contracts
from userops.simulate.platforms.cells import Row
from userops.simulate.platforms.wecom import WeCom, chat_id


@dataclass
class Names:
    """Canonical ids and the full ids under which platforms deliver the same things."""

    wecom: WeCom | None
    keeps_contacts: bool
    has_shops: bool
    orders: dict[str, str] = field(default_factory=dict)
    campaigns: dict[str, str] = field(default_factory=dict)
    buyers: dict[str, list[str]] = field(default_factory=dict)

    def add_buyer(self, contact: str, full: str) -> None:
        """A shop knows a contact under this id."""
        if contact and full and full not in self.buyers.setdefault(contact, []):
            self.buyers[contact].append(full)

    def contacts(self, name: str) -> list[str]:
        """All ids of a contact that are delivered so far; the business's own first, then WeCom's, then the shops'."""
        own = [name] if self.keeps_contacts else []
        wecom = [self.wecom.contact(name)] if self.wecom and self.wecom.contact(name) else []
        return [*own, *wecom, *self.buyers.get(name, ())]

    def contact(self, name: str) -> str:
        """The id by which other rows speak of a contact; empty where nobody delivers it."""
        return next(iter(self.contacts(name)), "")

    def order(self, name: str) -> str:
        """The id of an order; empty where no shop delivers it."""
        return self.orders.get(name, "") if self.has_shops else name

    def staff(self, name: str) -> str:
        """The id of a member of staff."""
        return self.wecom.account.full(name) if self.wecom else name

    def group(self, name: str) -> str:
        """The id of a group."""
        return self.wecom.account.full(chat_id({"group_id": name})) if self.wecom else name

    def campaign(self, name: str) -> str:
        """The id of a campaign: advertising accounts number theirs."""
        return self.campaigns.get(name, name)

    def rows(self, staff: Sequence[str], groups: Sequence[str]) -> list[Row]:
        """Every canonical id that platforms call otherwise, with what they call it."""
        contacts = {name: self.contacts(name) for name in {*self.buyers, *(self.wecom.ids if self.wecom else ())}}
        found = [("order", name, full) for name, full in self.orders.items()]
        found += [("contact", name, full) for name, fulls in sorted(contacts.items()) for full in fulls if full != name]
        found += [("campaign", name, full) for name, full in self.campaigns.items()]
        if self.wecom:
            found += [("staff", name, self.staff(name)) for name in staff]
            found += [("group", name, self.group(name)) for name in groups]
        return [{"kind": kind, "canonical_id": name, "platform_id": full} for kind, name, full in found]


SPEAKS_OF: dict[str, Callable[[Names, str], str]] = {
    "order_id": Names.order,
    "contact_id": Names.contact, "referrer_contact_id": Names.contact, "inviter_contact_id": Names.contact,
    "staff_id": Names.staff, "owner_staff_id": Names.staff, "courier_id": Names.staff,
    "group_id": Names.group,
    "campaign_id": Names.campaign,
}


def in_full(export: str, rows: Iterable[Row], names: Names, left_out: Counter) -> list[Row]:
    """Canonical rows that speak of platforms' rows by their full ids.

    A reference that nobody delivers is emptied, or its row is left out where the contract wants the reference.
    """
    if export == "erasure_requests":
        return _requests(rows, names, left_out)
    needed = [column.name for column in load_contracts()[export].columns
              if column.name in SPEAKS_OF and not column.nullable]
    found = []
    for row in rows:
        said = row | {name: SPEAKS_OF[name](names, row[name]) for name in SPEAKS_OF if row.get(name)}
        if all(said[name] for name in needed):
            found.append(said)
        else:
            left_out[export] += 1
    return found


def _requests(rows: Iterable[Row], names: Names, left_out: Counter) -> list[Row]:
    """A request for each contact that the person is to some source."""
    found: list[Row] = []
    for row in rows:
        contacts = names.contacts(row["contact_id"])
        left_out["erasure_requests"] += not contacts
        found += [
            row | {"contact_id": full, "request_id": row["request_id"] + (f"-{place}" if place else "")}
            for place, full in enumerate(contacts)
        ]
    return found
