"""Tables of `meta` that measures read beside the rows: what contracts promise, and what readers see. Pure."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from userops.contracts.model import Contract

if TYPE_CHECKING:
    import pyarrow as pa


def tables(
    contracts: Mapping[str, Contract],
    required: Collection[str],
    published: tuple[int, date] | None,
    since: date | None,
    business_date: date,
) -> dict[str, "pa.Table"]:
    """`meta.contracts` and `meta.published` as the engine writes them before `prepare`.

    `required` are the exports that every delivery must hold, by their contracts and sources; `published` is version and
    date of what readers see; `since` is the last day (exclusive) of which everything is published. A date that is
    published and runs again is judged again.
    """
    import pyarrow as pa

    names = sorted(contracts)
    version, day = published or (None, None)
    return {
        "meta.contracts": pa.table(
            {
                "export": pa.array(names, pa.string()),
                "mode": pa.array([contracts[name].mode for name in names], pa.string()),
                "freshness_days": pa.array([contracts[name].freshness_days for name in names], pa.int32()),
                "is_required": pa.array([name in required for name in names], pa.bool_()),
            }
        ),
        "meta.published": pa.table(
            {
                "version": pa.array([version], pa.int64()),
                "business_date": pa.array([day], pa.date32()),
                "since": pa.array([since and min(since, business_date - timedelta(days=1))], pa.date32()),
            }
        ),
    }
