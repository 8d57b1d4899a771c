"""Least privilege as a matrix of role × object × verb: the one place that says what each role may do.

`migrate` grants it; `userops.publish.privileges` compares it with what the server says.
"""

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
ALL = frozenset(VERBS)
READ = frozenset({"SELECT"})
ADD = READ | {"INSERT"}
MOVE = READ | {"UPDATE"}
TAKE = READ | {"DELETE"}
KEEP = ADD | {"UPDATE"}

SLOTS = ("slot_0", "slot_1", "slot_2")
SCHEMAS = ("raw", "quarantine", "vault", "staging", "build", "quality", *SLOTS, "marts", "meta", "public")
# The schemas in which a role makes tables; it owns those, and so may do all with them.
OWNS = {
    "loader": ("raw",),
    "transformer": ("staging", "build", "quality"),
    "publisher": (*SLOTS, "marts"),
    "bi_reader": (),
}
# Rights on every table of a schema that another role owns.
BY_SCHEMA = {
    "loader": {},
    "transformer": {"raw": READ},
    "publisher": {"build": READ, "quality": READ},
    "bi_reader": {"marts": READ},
}
BY_TABLE = {
    "loader": {
        "meta.load_files": KEEP, "meta.waivers": READ, "meta.writer": MOVE, "meta.runs": READ,
        "meta.column_profiles": ADD | TAKE,
        "meta.lake_deletions": KEEP | TAKE, "meta.raw_copies": ADD | TAKE, "meta.publications": READ,
        "meta.pointer": READ, "meta.quality_results": ADD, "meta.erased_contacts": KEEP,
        "meta.erased_identifiers": ADD, "meta.erased_user_ids": ADD, "meta.erasure_log": ADD, "meta.hash_key": ADD,
        "meta.id_key": ADD, "meta.first_hashes": TAKE, "quarantine.rows": KEEP | TAKE, "vault.identifiers": ADD | TAKE,
        "vault.personal_texts": ADD | TAKE, "vault.keys": ADD,
    },
    "transformer": {
        "meta.load_files": READ, "meta.waivers": READ, "meta.writer": MOVE, "meta.runs": READ,
        "meta.run_parameters": KEEP, "meta.quality_results": ADD, "meta.published_figures": READ,
        "meta.published": ADD | TAKE, "meta.contracts": ADD | TAKE, "meta.column_profiles": READ,
        "meta.accepted_levels": READ,
        "meta.erased_contacts": READ, "meta.erased_identifiers": READ,
        "meta.first_hashes": READ, "meta.id_key": READ,
    },
    "publisher": {
        "meta.runs": KEEP, "meta.writer": KEEP, "meta.quality_results": KEEP, "meta.outbox": KEEP,
        "meta.approvals": ADD, "meta.decisions": ADD, "meta.accepted_levels": KEEP,
        "meta.step_timings": ADD, "meta.load_files": READ, "meta.waivers": READ,
        "meta.run_parameters": READ, "meta.hash_key": READ, "meta.erasure_log": ADD, "meta.erased_user_ids": TAKE,
        "meta.erased_contacts": READ, "meta.erased_identifiers": READ,
        "meta.publications": ADD | TAKE, "meta.pointer": MOVE, "meta.published_figures": ADD,
        "meta.published_chain": READ, "meta.log_user_ids": ADD | TAKE, "meta.log_tags": ADD | TAKE,
        "meta.log_audiences": ADD, "meta.log_tag_counts": ADD,
    },
    "bi_reader": {},
}
# Views over `meta` that a migration makes: in `marts`, but not the publisher's own.
VIEWS_OVER_META = (
    "publication", "quality_results", "step_timings", "rejected_rows", "freshness", "erasure_log", "user_merges",
    "tag_monthly", "audience_changes",
)


def verbs_of(role: str, schema: str, table: str) -> frozenset[str]:
    """What the role may do with the table."""
    name = f"{schema}.{table}"
    if name in BY_TABLE[role]:
        return BY_TABLE[role][name]
    if schema in OWNS[role]:
        return READ if schema == "marts" and table in VIEWS_OVER_META else ALL
    return BY_SCHEMA[role].get(schema, frozenset())


def statements() -> list[str]:
    """The grants that make the matrix hold, whatever was granted on the tables of migrations before."""
    found = [f"revoke all on all tables in schema meta, vault, quarantine from {', '.join(OWNS)}"]
    for role, owned in OWNS.items():
        schemas = {name.split(".")[0] for name in BY_TABLE[role]} | set(owned) | set(BY_SCHEMA[role])
        found.append(f"grant usage on schema {', '.join(sorted(schemas))} to {role}")
        if owned:
            found.append(f"grant create on schema {', '.join(owned)} to {role}")
        found += [f"grant {_list(verbs)} on {name} to {role}" for name, verbs in BY_TABLE[role].items()]
        for schema, verbs in BY_SCHEMA[role].items():
            found.append(f"grant {_list(verbs)} on all tables in schema {schema} to {role}")
            owner = next(owner for owner, schemas in OWNS.items() if schema in schemas)
            found.append(
                f"alter default privileges for role {owner} in schema {schema} grant {_list(verbs)} on tables to {role}"
            )
    views = ", ".join(f"marts.{view}" for view in VIEWS_OVER_META)
    return [*found, f"grant select on {views} to publisher", "grant usage on sequence meta.fencing_token to publisher"]


def _list(verbs: frozenset[str]) -> str:
    return ", ".join(sorted(verbs))
