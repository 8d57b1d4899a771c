"""The hash key, and how the warehouse knows it: by a fingerprint, and by keys made of it that stay when it is changed.

A night with another key than the one the warehouse was filled with would make two users of everybody: `begin` blocks
it, and a load refuses to hash. `userops db rotate-key` (`userops.privacy.key_rotation`) changes the key on purpose.
"""

import hashlib
import hmac

import psycopg

from userops.checks import CheckResult
from userops.errors import UseropsError
from userops.settings import Settings

HASH_LENGTH = 32
# Who hashes, or looks for hashes, shares this lock until its commit; a change of the key has it alone.
LOCK = "userops.hash_key"
FIX = (
    "set USEROPS_HASH_KEY (or the file hash_key below USEROPS_HOME) to the key of before; `userops db rotate-key`"
    " changes it on purpose, and ends a change that was cut off"
)


def given(settings: Settings) -> str:
    """The deployment's key, or an error that says how to come by one."""
    if not settings.hash_key:
        raise UseropsError("There is no key to hash identifiers with.",
                           fix="set USEROPS_HASH_KEY, or run `userops db start`, which makes one.")
    return settings.hash_key


def hashed(key: str, kind: str, value: str) -> str:
    """HMAC-SHA256 of `kind:value`, its first 32 hexadecimal digits."""
    return hmac.digest(key.encode(), f"{kind}:{value}".encode(), "sha256").hex()[:HASH_LENGTH]


def within(namespace: str, value: str) -> str:
    """What is hashed of an identifier that joins people within a namespace alone; without one, its value."""
    return f"{namespace}\x1f{value}" if namespace else value


def derived(key: str, purpose: str) -> str:
    """A key for one purpose, from which the hash key cannot be found."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def fingerprint(key: str) -> str:
    """What may be shown of a key."""
    return derived(key, "fingerprint")[:16]


def known(connection: psycopg.Connection) -> str | None:
    """The fingerprint of the warehouse's key; None before it has one."""
    row = connection.execute("select fingerprint from meta.hash_key").fetchone()
    return row and row[0]


def share(connection: psycopg.Connection) -> None:
    """Let nobody change the key before the caller's commit."""
    connection.execute("select pg_advisory_xact_lock_shared(hashtext(%s))", [LOCK])


def agrees(connection: psycopg.Connection, key: str) -> bool:
    """Whether the warehouse was filled with this key, which an empty one takes; in the role loader, who commits."""
    share(connection)
    if known(connection) is None and _fits(connection, key):
        connection.execute(
            "insert into meta.hash_key (fingerprint) values (%s) on conflict do nothing", [fingerprint(key)]
        )
        connection.execute(
            "insert into vault.keys (purpose, key) values ('pseudonym', %s) on conflict do nothing",
            [derived(key, "pseudonym")],
        )
        connection.execute("insert into meta.id_key (key) values (%s) on conflict do nothing", [derived(key, "id")])
    return known(connection) == fingerprint(key)


def _fits(connection: psycopg.Connection, key: str) -> bool:
    """Whether what was hashed before fingerprints were kept was hashed with this key."""
    row = connection.execute(
        "select kind, value, hash, namespace from vault.identifiers where hash is not null limit 1"
    ).fetchone()
    return row is None or hashed(key, row[0], within(row[3], row[1])) == row[2]


def check(connection: psycopg.Connection, settings: Settings) -> CheckResult:
    """The night's first question, in the role loader: is this the warehouse's key?"""
    passed = agrees(connection, settings.hash_key)
    wanted = f"the key the warehouse was filled with, {known(connection) or 'of before fingerprints'}"
    return CheckResult("hash_key", "manifest", "warehouse", "critical", passed,
                       f"a key with fingerprint {fingerprint(settings.hash_key)}", wanted, "" if passed else FIX)


def require(connection: psycopg.Connection, settings: Settings) -> str:
    """The key, where it is the warehouse's; in the role loader, who commits."""
    key = given(settings)
    if not agrees(connection, key):
        raise other_key()
    return key


def other_key() -> UseropsError:
    """What is said where hashes would not match those of the warehouse."""
    return UseropsError("This hash key is not the one the warehouse was filled with.", fix=f"{FIX}.")


def pseudonym_key(connection: psycopg.Connection) -> str:
    """The key by which names on platforms become contact ids, in the role loader."""
    return connection.execute("select key from vault.keys where purpose = 'pseudonym'").fetchone()[0]


def retired(connection: psycopg.Connection) -> list[str]:
    """The hash keys of before that hashes of erased people go back to, oldest first; in the role loader."""
    rows = connection.execute("select key from vault.keys where purpose = 'retired' order by key_id").fetchall()
    return [row[0] for row in rows]


def hashes_if_erased_before(chain: list[str], kind: str, value: str) -> list[str]:
    """How the value would stand among the erased, had it been erased under an earlier key; the chain ends with today's.

    What is erased leaves no value to hash anew: a change of the key hashes its hash.
    """
    found = []
    for place in range(len(chain) - 1):
        text = value
        for key in chain[place:]:
            text = hashed(key, kind, text)
        found.append(text)
    return found
