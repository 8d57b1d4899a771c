"""Who may be written to: what contacts stated about a medium, and which statement is the newest about an address."""

from dataclasses import dataclass
from datetime import datetime

from oracle.exports import Known, Row, by, normalised

# Of each medium: the flag, the identifiers that are its addresses, and the media of pushes that it covers.
MEDIA = {
    "sms": ("sms_consent", ("phone",), ("sms",)),
    "email": ("email_consent", ("email",), ("email",)),
    "wechat": ("wechat_consent", ("unionid", "external_userid"), ("wechat_oa", "wecom")),
    "app": ("app_push_consent", ("device_id",), ("app",)),
    "weibo": ("weibo_consent", (), ("weibo",)),
}

Address = tuple[str, str]


@dataclass(frozen=True)
class Statement:
    """Yes or no, at an instant."""

    at: datetime
    is_yes: bool

    @property
    def order(self) -> tuple[datetime, bool]:
        """Oldest to newest; of two at one instant the refusal comes last."""
        return self.at, not self.is_yes


class Consent:
    """The statements of all contacts; those since deleted say nothing."""

    def __init__(self, known: Known) -> None:
        self.versions: dict[object, dict[datetime, Row]] = {}
        for version in sorted(known.seen("contacts"), key=lambda v: v.order):
            row = version.row
            # Of two versions of one instant the later delivered one is the version.
            self.versions.setdefault(row["contact_id"], {})[row["updated_at"]] = row
        self.pushes = by(known.rows("pushes"), "contact_id")
        self.contacts = [contact for contact in known.rows("contacts") if not contact["deleted_at"]]
        self._about = {medium: self._by_address(medium) for medium in MEDIA}

    def statements(self, contact_id: str, medium: str) -> list[Statement]:
        """The first flag that says anything, each one that differs from the one before, and unsubscriptions."""
        flag, _, by_push = MEDIA[medium]
        found, before = [], None
        for at, row in self.versions[contact_id].items():
            if row[flag] is not None and row[flag] != before:
                found.append(Statement(at, row[flag]))
                before = row[flag]
        found += [
            Statement(push["unsubscribed_at"], False)
            for push in self.pushes.get(contact_id, [])
            if push["medium"] in by_push and push["unsubscribed_at"]
        ]
        return found

    def is_agreed(self, contact_id: str, medium: str) -> bool:
        """Whether the contact's own newest statement is a yes."""
        return _newest_is_yes(self.statements(contact_id, medium))

    def is_open(self, contact: Row, medium: str) -> bool:
        """Whether the contact has an address about which the newest statement, whoever made it, is a yes."""
        if contact["deleted_at"]:
            return False
        if medium == "weibo":
            return self.is_agreed(contact["contact_id"], medium)
        return any(_newest_is_yes(self._about[medium][address]) for address in addresses(contact, medium))

    def _by_address(self, medium: str) -> dict[Address, list[Statement]]:
        found: dict[Address, list[Statement]] = {}
        for contact in self.contacts:
            for address in addresses(contact, medium):
                found.setdefault(address, []).extend(self.statements(contact["contact_id"], medium))
        return found


def addresses(contact: Row, medium: str) -> set[Address]:
    """Where the medium reaches the contact."""
    found = {(kind, normalised(kind, contact[kind])) for kind in MEDIA[medium][1]}
    found |= {(kind, value) for kind, value in contact["further"] if kind in MEDIA[medium][1]}
    return {(kind, value) for kind, value in found if value is not None}


def _newest_is_yes(statements: list[Statement]) -> bool:
    newest = max(statements, key=lambda statement: statement.order, default=None)
    return newest is not None and newest.is_yes
