"""What Python computes between dbt's parts: identity, customer value, interests, Markov credits, the referral forest.

Each step reads numbered tables that dbt built, runs `userops.algorithms` and writes what models read as the source
`algorithms`. It knows an engine by two methods alone (see `Store`), so it runs on each of them. numpy and scipy are
imported inside the steps: the DAG's parser reads this module.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Protocol

from userops.checks import CheckResult

if TYPE_CHECKING:
    import pyarrow as pa


class Store(Protocol):
    """Where relations named `schema.table` are read and replaced: an engine."""

    def read(self, relation: str, columns: list[str] | None = None) -> "pa.RecordBatchReader":
        """Read a relation, in any order of rows."""

    def write(self, relation: str, data: "pa.Table | pa.RecordBatchReader") -> None:
        """Replace a relation; its columns and types are those of the data."""


def resolve_identity(store: Store) -> None:
    """Join the linked nodes of `build.int_identity_nodes` into users: writes `build.identity_components`."""
    from userops.scoring import identity

    identity.resolve(store)


def score(store: Store, bounds: Mapping[str, float], business_date: date) -> list[CheckResult]:
    """Score buyers, channels and referrers as of the business date into the tables of the source `algorithms`.

    `bounds` are the variables of the dbt project. Returns what became of each model of customer value: where there is
    too little to learn from, its figures are null and nothing fails.
    """
    from userops.scoring import steps

    return steps.score(store, bounds, business_date)
