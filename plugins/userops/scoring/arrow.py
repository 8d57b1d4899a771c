"""Relations to numpy and back: no row in Python, one type per column, nulls only where they are expected."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from userops.errors import EXIT_FAILED, UseropsError
from userops.scoring import Store

ROWS_AT_ONCE = 500_000


def read_columns(
    store: Store, relation: str, dtype: np.dtype, if_null: Mapping[str, float] | None = None
) -> dict[str, np.ndarray]:
    """Read the columns that `dtype` names, each as an array of its type; a null becomes `if_null[column]`.

    A null of another column, or a value that its type cannot hold, is an error: figures over them would be wrong.
    """
    if_null = if_null or {}
    parts: dict[str, list[np.ndarray]] = {name: [np.zeros(0, dtype[name])] for name in dtype.names}
    for batch in store.read(relation, list(dtype.names)):
        for name, chunks in parts.items():
            chunks.append(_to_numpy(batch.column(name), f"{relation}.{name}", dtype[name], if_null.get(name)))
    # One column after the other: the chunks of those done are free.
    return {name: np.concatenate(parts.pop(name)) for name in dtype.names}


def _to_numpy(column: pa.Array, name: str, dtype: np.dtype, if_null: float | None) -> np.ndarray:
    if column.null_count and if_null is None:
        raise _unreadable(name, f"{column.null_count} nulls")
    try:
        cast = column.cast(pa.from_numpy_dtype(dtype))
    except pa.ArrowInvalid as error:
        raise _unreadable(name, f"a value that {dtype} cannot hold: {error}") from error
    if cast.null_count:
        cast = pc.fill_null(cast, if_null)
    return cast.to_numpy(zero_copy_only=False).copy()


def _unreadable(name: str, what: str) -> UseropsError:
    model = name.rpartition(".")[0].rpartition(".")[2]
    return UseropsError(
        f"{name} has {what}.", fix=f"correct the dbt model {model}, then run again.", exit_code=EXIT_FAILED
    )


def assert_numbered(relation: str, column: str, numbers: np.ndarray) -> None:
    """Raise unless the numbers are 0, 1, … without a gap or a repetition, in any order."""
    if not np.array_equal(np.sort(numbers), np.arange(len(numbers))):
        raise UseropsError(
            f"{relation}.{column} does not number its {len(numbers)} rows 0 to {len(numbers) - 1}.",
            fix=f"let the dbt model {relation.rpartition('.')[2]} number them by row_number() - 1.",
            exit_code=EXIT_FAILED,
        )


def to_arrow(columns: np.ndarray | Mapping[str, np.ndarray], schema: pa.Schema) -> pa.RecordBatchReader:
    """Present a structured array, or arrays by name, as batches of the schema's columns; NaN becomes null."""

    def batches() -> Iterator[pa.RecordBatch]:
        for first in range(0, len(columns[schema.names[0]]), ROWS_AT_ONCE):
            part = slice(first, first + ROWS_AT_ONCE)
            arrays = [pa.array(columns[f.name][part], f.type, from_pandas=True) for f in schema]
            yield pa.record_batch(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
