"""What every engine does: five methods, and nothing else in the code asks which engine runs."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import pyarrow as pa

from userops.errors import EXIT_FAILED, UseropsError

# The tables of the warehouse that models read besides the lake: small, and copied by engines that build elsewhere.
META_RELATIONS = (
    "meta.run_parameters",
    "meta.contracts",
    "meta.published",
    "meta.published_figures",
    "meta.load_files",
    "meta.column_profiles",
    "meta.accepted_levels",
    "meta.erased_contacts",
    "meta.erased_identifiers",
    "meta.first_hashes",
    "meta.id_key",
    "build.config_tags",
    "build.config_scenarios",
    "build.config_audiences",
)


class NoRelation(UseropsError):
    """A relation that an earlier step makes is not there."""

    def __init__(self, relation: str) -> None:
        super().__init__(f"There is no relation {relation}.", fix="run the steps before this one.",
                         exit_code=EXIT_FAILED)


class Engine(Protocol):
    """A place that builds the dbt project. Relations are named `schema.table`."""

    def open_raw(self, as_of: date) -> None:
        """Make `raw.*` hold what the lake knows of loads up to `as_of`, and `meta.*` what models read of it."""

    def dbt_target(self) -> dict[str, object]:
        """The output of `profiles.yml` by which dbt builds here; its name is `type` of the engine."""

    def dbt_command(self) -> Sequence[str] | None:
        """The program that takes dbt's arguments, where the target's adapter is in another environment; else None."""

    def read(self, relation: str, columns: Sequence[str] | None = None) -> pa.RecordBatchReader:
        """The rows of a relation, in no fixed order; raises NoRelation."""

    def write(self, relation: str, rows: pa.Table | pa.RecordBatchReader) -> None:
        """Replace a relation by `rows`; it is made where it does not exist."""

    def deliver(self, relations: Iterable[str]) -> None:
        """Bring relations into the warehouse under the same names; nothing to do where they were built there."""

    def close(self) -> None:
        """Give back connections; the engine is not used after this."""
