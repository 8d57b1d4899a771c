"""The lake: validated rows of exports as Parquet, one file a load, written once; a folder or an fsspec URL."""

from userops.lake.files import Lake
from userops.lake.loads import LakeFile

__all__ = ["Lake", "LakeFile"]
