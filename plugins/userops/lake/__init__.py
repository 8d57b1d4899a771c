"""The lake: validated rows of exports as Parquet, one file a load, written once; a folder or an fsspec URL."""

from userops.lake.files import Lake
from userops.lake.loads import LakeFile
from userops.lake.schema import arrow_schema, create_view

__all__ = ["Lake", "LakeFile", "arrow_schema", "create_view"]
