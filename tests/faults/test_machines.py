"""Faults 12–16: the server killed inside a load, a build and a publication; disks, temporary space and memory full."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from faults import checks, steps
from faults.business import FIRST, Business, Case, raw_hashes
from faults.proxy import INSIDE_COPY, Boundary, Link
from userops.warehouse.embedded import EmbeddedServer

PLACES = {
    "a load": ("published", steps.INGEST, lambda b: b.number > 400 and b.text == INSIDE_COPY),
    "a model": ("loaded", steps.BUILD, lambda b: "int_orders_priced" in b.text and "create" in b.text),
    "a slot": ("built", steps.PUBLISH, lambda b: b.text.startswith("insert into") and "slot_" in b.text),
    "the flip": ("built", steps.PUBLISH, lambda b: b.text.startswith("update meta.pointer")),
}

LONG = "select count(*) from generate_series(1, 20000000000) as g where g % 7 = 3"


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def started_again(server: EmbeddedServer) -> None:
    """The port stays, so URLs stay."""
    for _ in range(100):
        if not server.running():
            break
        time.sleep(0.1)
    server.start()


def _checkpoint(server: EmbeddedServer) -> None:
    """A copied database has its sequences' next values in no log: a crash before a checkpoint would give them again."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("checkpoint")


def struck(case: Case, names: tuple[str, ...], where, strike) -> None:
    """Run the steps; strike before the first statement of that kind. They end by an error."""
    done: list[int] = []

    def before(boundary: Boundary, link: Link) -> None:
        if not done and where(boundary):
            done.append(boundary.number)
            strike()

    case.proxy.reset(before)
    child = case.start(names)
    assert child.wait() == 1 and done, f"not noticed: {child.error}"
    case.proxy.reset()


@pytest.mark.parametrize("place", PLACES)
def test_the_server_is_killed(business: Business, server: EmbeddedServer, place: str) -> None:
    """SIGKILL to the postmaster, its sessions end with it; after the redo the night runs again."""
    template, names, where = PLACES[place]
    with business.case(template) as case, case.reading({business.before, business.after}, may_be_away=True):
        _checkpoint(server)
        struck(case, names, where, lambda: os.kill(postmaster(server), signal.SIGKILL))
        started_again(server)
        if names == steps.INGEST:
            case.run(names)
            assert raw_hashes(case) == business.raw
        else:
            case.run(names if names == steps.PUBLISH else steps.WHOLE)
            checks.converges(business, case)


def test_a_killed_server_starts_again_beside_what_it_left(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A session in the middle of a long statement does not notice, and the next server may not start beside it."""
    server = EmbeddedServer(tmp_path_factory.mktemp("left"))
    server.start()
    try:
        left = psycopg.connect(server.url("postgres"))
        ended = threading.Thread(target=lambda: pytest.raises(psycopg.OperationalError, left.execute, LONG))
        ended.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            while not admin.execute("select 1 from pg_stat_activity where query = %s", [LONG]).fetchone():
                time.sleep(0.05)
        os.kill(postmaster(server), signal.SIGKILL)
        started_again(server)
        ended.join(30)
        assert not ended.is_alive()
        with psycopg.connect(server.url("postgres")) as admin:
            assert admin.execute("select 1").fetchone() == (1,)
    finally:
        server.stop()


def test_a_backend_is_killed(business: Business) -> None:
    """SIGKILL to one session's process, as the out-of-memory killer does: the server restarts all of them."""
    def strike() -> None:
        with psycopg.connect(business.server_url, autocommit=True) as admin:
            pid = admin.execute(
                "select pid from pg_stat_activity where datname = %s and query like 'insert into%%' or query like"
                " 'delete%%' order by query_start desc limit 1", [case.name]
            ).fetchone()[0]
        os.kill(pid, signal.SIGKILL)

    template, names, where = PLACES["a slot"]
    seen: list[int] = []
    with business.case(template) as case, case.reading({business.before, business.after}, may_be_away=True):
        struck(case, names, lambda b: where(b) and (seen.append(1) or len(seen) > 3), strike)
        for _ in range(100):
            try:
                psycopg.connect(case.url).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        case.run(names)
        checks.converges(business, case)


def test_out_of_memory(business: Business) -> None:
    """The process may take some MB more than it has, fewer each time until it ends by an error; then it runs again."""
    for megabytes in (24, 16, 8, 4, 2, 1):
        with business.case("published") as case, case.reading({business.before}):
            ended_well = case.start(steps.INGEST, memory=megabytes << 20).wait() == 0
            case.run(steps.INGEST)
            assert raw_hashes(case) == business.raw
        if not ended_well:
            return
    pytest.fail("one more MB was enough for the whole ingest")


@contextmanager
def volume(folder: Path, size: str) -> Iterator[Path]:
    """A small volume in memory; needs the right to mount."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no `mount` here")
    if done.returncode:
        pytest.skip("a small volume needs the right to mount (root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("what", ["data", "temporary files"])
def test_the_disk_is_full(business: Business, tmp_path: Path, what: str) -> None:
    """The database's tables (or its temporary ones) lie on a volume that a ballast fills up in the middle."""
    with volume(Path(f"/var/tmp/faults-{os.getpid()}-{what[:4]}"), "200m") as small:
        (small / "space").mkdir()
        if os.geteuid() == 0:
            os.chown(small / "space", 65534, 65534)
        with psycopg.connect(business.server_url, autocommit=True) as admin:
            admin.execute(f"create tablespace small location '{small / 'space'}'")
            admin.execute("grant create on tablespace small to public")
        try:
            with business.case("published") as case:
                with psycopg.connect(business.server_url, autocommit=True) as admin:
                    if what == "data":
                        admin.execute(f'alter database "{case.name}" set tablespace small')
                    else:
                        admin.execute(f'alter database "{case.name}" set temp_tablespaces = small')
                _fill_up(business, case, small)
        finally:
            with psycopg.connect(business.server_url, autocommit=True) as admin:
                admin.execute("drop tablespace small")


def _fill_up(business: Business, case: Case, small: Path) -> None:
    ballast = small / "ballast"

    def strike() -> None:
        free = os.statvfs(small)
        ballast.write_bytes(b"\0" * (free.f_bavail * free.f_frsize))

    with case.reading({business.before}):
        struck(case, steps.INGEST, lambda b: b.number == 300, strike)
        # Where nothing can be written, that is told; that the night is not there, as soon as it can be.
        case.look()
        ballast.unlink()
        case.look()
        case.run(steps.INGEST)
        assert raw_hashes(case) == business.raw
        assert case.watched() == ["alert"]
        outage = [message["kind"] for message in case.messages() if "warehouse" in message["title"]]
        assert outage in ([], ["alert", "recovery"])


def test_the_log_volume_is_full(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A server of its own whose write-ahead log has 64 MB: it stops itself; with room it comes back whole."""
    with volume(Path(f"/var/tmp/faults-{os.getpid()}-wal"), "64m") as small:
        server = EmbeddedServer(tmp_path_factory.mktemp("small"))
        server.start()
        server.stop()
        wal, moved = server.data / "pg_wal", small / "pg_wal"
        subprocess.run(["cp", "-a", str(wal), str(moved)], check=True)
        subprocess.run(["rm", "-rf", str(wal)], check=True)
        wal.symlink_to(moved)
        server.start()
        try:
            business = Business(server.url("postgres"), tmp_path_factory.mktemp("small_business"))
            with business.case() as case:
                case.run(steps.INGEST, night=FIRST)
                business.raw = raw_hashes(case)
            with business.case() as case:
                free = os.statvfs(small)
                (small / "ballast").write_bytes(b"\0" * (free.f_bavail * free.f_frsize))
                _fill_log(server)
                assert case.start(steps.INGEST, night=FIRST).wait() == 1
                (small / "ballast").unlink()
                started_again(server)
                case.run(steps.INGEST, night=FIRST)
                assert raw_hashes(case) == business.raw
        finally:
            server.stop()


def _fill_log(server: EmbeddedServer) -> None:
    """Write until the log has no room: the server gives up."""
    with pytest.raises(psycopg.Error), psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("create table filler (t text)")
        for _ in range(2000):
            admin.execute("insert into filler select repeat(md5(i::text), 8) from generate_series(1, 2000) as i")
