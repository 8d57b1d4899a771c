"""Bad use: one clear sentence with the fix, and the documented exit code."""

import socket

import pytest

from deployment import clean_environment, userops


def run(tmp_path, *arguments, **extra):
    return userops(list(arguments), clean_environment(**{"USEROPS_HOME": str(tmp_path / "home")} | extra), seconds=120)


DOWN = "postgresql://x@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("arguments", "extra", "code", "words"),
    [
        (["night", "--date", "2011-02-30"], {}, 2, ["2011-02-30", "Fix"]),
        (["night", "--date", "2011-02-03"], {}, 2, ["landing", "USEROPS_LANDING"]),
        (["nights", "--from", "2011-02-03", "--to", "2011-02-01"], {}, 2, ["after", "swap"]),
        (["status"], {"USEROPS_DATABASE_URL": DOWN}, 3, ["does not answer", "Fix"]),
        (["status"], {"USEROPS_TIMEZONE": "Nowhere"}, 2, ["USEROPS_TIMEZONE"]),
        (["tags", "new", "x1", "--category", "weather"], {}, 2, ["'weather'", "lifecycle"]),
        (["tags", "explain", "u_1"], {"USEROPS_DATABASE_URL": DOWN}, 3, ["does not answer", "Fix"]),
        (["audiences", "export", "--audience", "a", "--out", "x", "--medium", "fax"], {"USEROPS_DATABASE_URL": DOWN}, 2,
         ["'fax'", "sms"]),
        (["status"], {"USEROPS_HOME": "/proc/1/none"}, 2, ["cannot be written", "USEROPS_HOME"]),
    ],
)
def test_bad_use_says_how_to_mend_it(tmp_path, arguments, extra, code, words):
    got, printed = run(tmp_path, *arguments, **extra)
    assert got == code, printed
    assert "Traceback" not in printed
    for word in words:
        assert word in printed


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, printed = run(tmp_path, "db", "start", "--port", port)
    assert code == 2
    assert f"Port {port} is taken" in printed
