"""Who is one person: connected components of contacts, orders, touches and events over what they are known by."""

from collections import Counter
from datetime import date

from oracle.exports import Known, Row, identifiers

KEY_MAX_CONTACTS = 5
LIMITED = {"phone", "email", "device_id"}
ROWS = ("contacts", "orders", "touches", "events")
Node = tuple[str, str]


class Identity:
    """Users by the rows that hold on the day; a user is named by the least member of its component."""

    def __init__(self, known: Known) -> None:
        self._known, self._over_shared = known, over_shared(known)
        self._parent: dict[Node, Node] = {}
        rows = {export: known.rows(export) for export in ROWS}
        for export, found in rows.items():
            for row in found:
                self._unite(self._nodes(export, row))
        self.of_contact = {row["contact_id"]: self._user(("contact_id", row["contact_id"])) for row in rows["contacts"]}
        self.of_order = self._users("orders", "order_id", rows["orders"])
        self.of_touch = self._users("touches", "touch_id", rows["touches"])
        self.of_event = self._users("events", "event_id", rows["events"])
        found = [*self.of_contact.values(), *self.of_order.values(), *self.of_touch.values(), *self.of_event.values()]
        self.users = sorted({user for user in found if user is not None})

    def of_contact_id(self, contact_id: str | None) -> str | None:
        """The user of a contact that a row names; None where no such contact came."""
        return self.of_contact.get(contact_id)

    def earliest_seen(self) -> dict[str, frozenset[Node]]:
        """Of each user the identifiers that came first, those of the same folder together: they give its id."""
        found: dict[str, dict[date, set[Node]]] = {}
        first = self._first_seen()
        for export in ROWS:
            for row in self._known.rows(export):
                for node in self.linking(row):
                    found.setdefault(self._user(node), {}).setdefault(first[node], set()).add(node)
        return {user: frozenset(days[min(days)]) for user, days in found.items()}

    def _first_seen(self) -> dict[Node, date]:
        first: dict[Node, date] = {}
        for export in ROWS:
            for version in self._known.seen(export):
                if version.row.get("is_test"):
                    continue
                for node in identifiers(version.row):
                    first[node] = min(first.get(node, version.folder), version.folder)
        for version in self._known.seen("contact_identifiers"):
            node = (version.row["kind"], version.row["value"])
            first[node] = min(first.get(node, version.folder), version.folder)
        return first

    def of_node(self, node: Node) -> str | None:
        """The user of an identifier; None where it links nobody."""
        return None if node in self._over_shared else self._user(node)

    def linking(self, row: Row) -> set[Node]:
        """The identifiers of a row that link it to others; what erased people alone carried links nobody any more."""
        return identifiers(row) - self._over_shared - self._known.forgotten

    def _nodes(self, export: str, row: Row) -> list[Node]:
        nodes = sorted(self.linking(row))
        if export == "orders" and not nodes and has_identifier(row):
            # What it is known by links nobody: it is a user by itself.
            nodes = [("order", row["order_id"])]
        return nodes

    def _users(self, export: str, key: str, rows: list[Row]) -> dict[str, str | None]:
        nodes = {row[key]: self._nodes(export, row) for row in rows}
        return {name: self._user(found[0]) if found else None for name, found in nodes.items()}

    def _root(self, node: Node) -> Node:
        while self._parent.get(node, node) != node:
            node = self._parent[node]
        return node

    def _unite(self, nodes: list[Node]) -> None:
        for node in nodes:
            self._parent.setdefault(node, node)
            first, second = sorted((self._root(nodes[0]), self._root(node)))
            self._parent[second] = first

    def _user(self, node: Node) -> str:
        return ":".join(self._root(node))


def identity_links(known: Known, identity: "Identity") -> list[Row]:
    """One row per identifier that a row carries: its user, or None where it links nobody."""
    carried = Counter(pair for row in known.rows("contacts") for pair in identifiers(row))
    nodes = {pair for export in ROWS for row in known.rows(export) for pair in identifiers(row)} - known.forgotten
    shared = over_shared(known)
    return [
        {
            "kind": kind,
            "identifier": value,
            "contacts": carried[kind, value],
            "links": (kind, value) not in shared,
            "user_id": identity.of_node((kind, value)),
        }
        for kind, value in nodes
    ]


def has_identifier(row: Row) -> bool:
    """Whether the row is known by anything at all."""
    return bool(identifiers(row))


def over_shared(known: Known) -> set[Node]:
    """Phones, e-mails and devices that more contacts carry than one person would."""
    carried = Counter(pair for row in known.rows("contacts") for pair in identifiers(row))
    return {pair for pair, contacts in carried.items() if pair[0] in LIMITED and contacts > KEY_MAX_CONTACTS}
