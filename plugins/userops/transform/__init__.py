"""Run dbt and read its results."""
