"""Tags and audiences: declared in `tags/` and `audiences/`, checked here, computed by dbt in one scan."""
