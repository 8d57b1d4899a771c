"""What a Parquet file of an export holds: no personal value, identifiers as keyed hashes, where each row came from."""

import duckdb
import pyarrow as pa

from userops.contracts.model import Column, Contract
from userops.lake.sql import identifier, listed, literal

# The fastest level of zstd: a few percent larger than the next ones. Ids are hardly ever worth a dictionary: to give
# up on one early takes a quarter less processor time than DuckDB's own limit, and the file is smaller.
PARQUET = (
    "format parquet, compression zstd, compression_level 1, dictionary_size_limit 5000, write_bloom_filter false"
)
BOOKKEEPING = ("_load_id", "_line", "_business_date", "_source")
_ARROW = {
    "text": pa.string(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
}
_DUCKDB = {
    pa.string(): "varchar",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamptz",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
}


def kind_sql(column: Column, rows: str = "rows") -> str:
    """SQL of the kind of identifier that the column holds in a row of the relation `rows`."""
    return literal(column.identifier) if column.identifier else f"{rows}.{identifier(column.identifier_in)}"


def lake_columns(contract: Contract) -> list[str]:
    """The columns of the export's files, in their order."""
    names = [column.stored_name for column in contract.columns if column.is_identifier or not column.personal]
    return [*names, *BOOKKEEPING]


def arrow_schema(contract: Contract) -> pa.Schema:
    """The same with types."""
    fields = []
    for column in contract.columns:
        if column.is_identifier:
            fields.append((column.stored_name, pa.string()))
        elif not column.personal:
            decimal = column.type == "numeric"
            fields.append((column.name, pa.decimal128(18, column.scale) if decimal else _ARROW[column.type]))
    kinds = (pa.int64(), pa.int64(), pa.date32(), pa.string())
    return pa.schema([*fields, *zip(BOOKKEEPING, kinds, strict=True)])


def select_files(contract: Contract, urls: list[str]) -> str:
    """A SELECT over the export's files for DuckDB; a column that older files lack is null there, none gives no row."""
    fields = arrow_schema(contract)
    empty = listed([f"null::{_duckdb_type(field.type)} as {identifier(field.name)}" for field in fields])
    if not urls:
        return f"select {empty} where false"
    files = listed([literal(url) for url in urls])
    return (
        f"select {empty} where false union all by name"
        f" select * from read_parquet([{files}], union_by_name = true)"
    )


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return _DUCKDB[kind]


def create_view(database: duckdb.DuckDBPyConnection, name: str, contract: Contract, urls: list[str]) -> None:
    """Make the export's files known under a name."""
    database.execute(f"create or replace view {name} as {select_files(contract, urls)}")
