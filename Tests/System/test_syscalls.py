"""The reader of traces, on lines as strace 6.1 prints them."""

import pytest

from syscalls import arrival, doubt, read, synced

pytestmark = pytest.mark.pure

LINES = r"""
101 read(9<socket:[1]>, "{\"client_message_id\":\"m-1\"}", 2048) = 27
102 pwrite64(5</d/chat.db-wal>, "..."..., 4096, 32) = 4096
102 fdatasync(5</d/chat.db-wal> <unfinished ...>
101 write(9<socket:[1]>, "pong", 4) = 4
102 <... fdatasync resumed>)          = 0
103 write(9<socket:[1]>, "ack m-1", 7 <unfinished ...>
102 fdatasync(4</d/chat.db>) = 0
103 <... write resumed>)              = 7
102 fdatasync(5</d/chat.db-wal>)      = -1 EIO (Input/output error) (INJECTED)
101 +++ exited with 0 +++
""".strip()


def test_calls_are_joined_across_threads(tmp_path):
    path = tmp_path / "trace"
    path.write_text(LINES)
    calls = read(path)
    assert [call.name for call in calls] == [
        "read",
        "pwrite64",
        "fdatasync",
        "write",
        "write",
        "fdatasync",
        "fdatasync",
    ]
    sync = calls[2]
    assert (sync.began, sync.ended, sync.result) == (2, 4, 0)
    assert [synced(call) for call in calls] == [False, False, True, False, False, False, False]
    assert calls[-1].result == -1
    assert calls[4].began == 5 and calls[4].ended == 7
    assert arrival(calls, "m-1") == 0 and arrival(calls, "nowhere") is None


def judged(tmp_path, lines: str) -> str | None:
    path = tmp_path / "trace"
    path.write_text(lines)
    return doubt(read(path), "m-1")


def test_an_acknowledgement_after_the_disk_is_proven(tmp_path):
    assert judged(tmp_path, LINES) is None


@pytest.mark.parametrize(
    "planted",
    [
        lambda lines: [line for line in lines if "fdatasync" not in line],
        lambda lines: [line for line in lines if "pwrite64" not in line],
        lambda lines: [line for line in lines if not line.startswith("101 read")],
        lambda lines: [line for line in lines if "ack" not in line and "write resumed" not in line],
        lambda lines: [line.replace("= 0", "= -1 EIO (Input/output error)") for line in lines],
        lambda lines: [line.replace("chat.db-wal", "chat.db") for line in lines],
        lambda lines: [*lines[:3], *lines[5:8], *lines[3:5]],
        lambda lines: [lines[2], lines[4], *lines[:2], *lines[5:8]],
    ],
    ids=[
        "no_sync",
        "no_write",
        "no_arrival",
        "no_answer",
        "failed_sync",
        "other_file",
        "sync_ends_later",
        "sync_before",
    ],
)
def test_a_planted_doubt_is_found(tmp_path, planted):
    assert judged(tmp_path, "\n".join(planted(LINES.splitlines()))) is not None
