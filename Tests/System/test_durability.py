"""Full sync is seen, not believed: what an acknowledgement waits for, and what happens when the disk says no (G1)."""

import asyncio
import threading
import time

import pytest

import artifacts
import syscalls
from api import Api, expect
from client import Socket
from frames import Wire, encode, envelope
from ledger import integrity
from server import Server, poll

pytestmark = pytest.mark.root

CALLS = "fdatasync,fsync,pwrite64,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg"
SENDS = 20
PLAIN_MASK = b"\0\0\0\0"  # Allowed by RFC 6455, and it leaves the bytes readable in a trace.
ANSWER_SECONDS = 10  # A failed commit is reported, it does not hang.


@pytest.fixture(autouse=True)
def strace_is_there():
    assert syscalls.STRACE, "strace is missing (apt-get install strace)"


def room(server: Server):
    """A conversation without the AI, so that every commit is a test's own."""
    public = Api(server.base_url)
    visit = public.visit(locale="en")
    contact = public.caller(visit.token)
    contact.switch(visit.conversation_id, "human")
    return visit, contact


# Seen


def test_every_acknowledgement_waits_for_the_disk(serve):
    """For each message: its bytes arrive, are written to the log, the log is forced to the disk, then the answer."""
    path = artifacts.FOLDER / "durability.strace"
    path.unlink(missing_ok=True)
    server = serve(start=False)
    wrapper = [
        syscalls.STRACE,
        "-D",
        "-f",
        "-y",
        "-s",
        "4096",
        "-e",
        f"trace={CALLS}",
        "-e",
        "signal=none",
        "-o",
        str(path),
    ]
    server.start(wrapper)
    visit, contact = room(server)
    names = []
    with Wire(server) as wire:
        wire.upgrade(f"/ws/chat/{visit.id}", visit.token)
        wire.of_type("synced")
        for number in range(SENDS):  # One at a time: each has its own commit.
            names.append(f"single-{number}-over-socket")
            data = {"content": f"hello {number}", "client_message_id": names[-1]}
            wire.send(encode(envelope("message.send", data, request_id=f"r{number}"), mask=PLAIN_MASK))
            assert wire.answer_to(f"r{number}")["type"] == "ack"
        for number in range(SENDS):  # Together: commits are shared.
            names.append(f"group-{number}-over-socket")
            data = {"content": f"hello {number}", "client_message_id": names[-1]}
            wire.send(encode(envelope("message.send", data, request_id=f"g{number}"), mask=PLAIN_MASK))
        for number in range(SENDS):
            assert wire.answer_to(f"g{number}")["type"] == "ack"
    for number in range(SENDS):
        names.append(f"single-{number}-over-http")
        contact.say(visit.conversation_id, f"hello {number}", client_message_id=names[-1])
    parallel = [f"group-{number}-over-http" for number in range(SENDS)]
    threads = [
        threading.Thread(target=contact.say, args=(visit.conversation_id, "hello"), kwargs={"client_message_id": name})
        for name in parallel
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    names += parallel
    assert server.stop(60) == 0
    poll(lambda: "+++ exited with 0 +++" in path.read_text(errors="replace")[-2000:], 20, "the whole trace written")

    calls = syscalls.read(path)
    for name in names:
        assert syscalls.doubt(calls, name) is None


# Sabotaged


async def refused_by_socket(server: Server, visit, name: str):
    async with await Socket.visit(server, visit) as socket:
        await socket.expect("synced")
        answer = await socket.ask(
            "message.send", {"content": "keep this", "client_message_id": name}, deadline=ANSWER_SECONDS
        )
        assert answer["type"] == "error" and answer["data"]["code"] == "unavailable", answer
        assert answer["data"]["final"] is False
        await socket.flush()
        assert not socket.all("message.created"), "an unconfirmed message was shown"
        assert not socket.all("ack")


def refused_by_http(contact: Api, conversation: str, name: str):
    path = f"chat/conversations/{conversation}/messages"
    started = time.monotonic()
    refused = contact.post(path, {"content": "keep this", "client_message_id": name})
    expect(refused, 503, "unavailable")
    assert time.monotonic() - started < ANSWER_SECONDS


def retried(server: Server, contact: Api, visit, names: list[str]):
    """After the fault each send is repeated under its id, and stands there exactly once."""

    async def over_socket(name: str) -> dict:
        async with await Socket.visit(server, visit) as socket:
            await socket.expect("synced")
            first = await socket.say("keep this", name)
            second = await socket.say("keep this", name)
            assert second["duplicate"] and (second["message_id"], second["seq"]) == (first["message_id"], first["seq"])
            return first

    for number, name in enumerate(names):
        if number % 2:
            asyncio.run(over_socket(name))
        else:
            contact.say(visit.conversation_id, "keep this", client_message_id=name)
    stored = sent_by(contact, visit)
    assert sorted(name for name in stored if name in names) == sorted(names)
    events, head = contact.by_seq(f"chat/conversations/{visit.conversation_id}/events")
    assert [event["seq"] for event in events] == list(range(1, head + 1))


def sent_by(contact: Api, visit) -> list[str]:
    """The client message ids of what the contact itself has sent."""
    sent = [m for m in contact.messages(visit.conversation_id) if m["sender"]["kind"] == "contact"]
    return [m["client_message_id"] for m in sent]


def reads_work(contact: Api, visit):
    assert contact.conversation(visit.conversation_id)["id"] == visit.conversation_id
    assert sent_by(contact, visit) == ["before"]


@pytest.mark.parametrize("injection", ["fdatasync:error=EIO", "pwrite64:error=ENOSPC", "pwrite64:error=EIO"])
def test_a_disk_that_fails_acknowledges_nothing(serve, injection):
    server = serve()
    visit, contact = room(server)
    contact.say(visit.conversation_id, "before", client_message_id="before")
    pid = server.pid
    names = [f"during-{number}" for number in range(6)]
    output = artifacts.FOLDER / f"sabotage-{injection.replace(':', '-')}.strace"
    with syscalls.Saboteur(server, output, injection) as saboteur:
        for number, name in enumerate(names):
            if number % 2:
                asyncio.run(refused_by_socket(server, visit, name))
            else:
                refused_by_http(contact, visit.conversation_id, name)
        expect(contact.post("chat/sessions", {}), 503, "unavailable")
        reads_work(contact, visit)
        assert saboteur.failures > 0, "the fault never struck"
    poll(lambda: _writes(contact, visit), 30, "writes again after the fault")
    retried(server, contact, visit, names)
    assert server.running and server.pid == pid
    assert expect(contact.get("/health"), 200)["status"] == "healthy"
    assert server.stop() == 0
    assert integrity(server.database) == "ok"


def _writes(contact: Api, visit) -> bool:
    answer = contact.post(
        f"chat/conversations/{visit.conversation_id}/messages", {"content": "again", "client_message_id": "again"}
    )
    return answer.status_code in (200, 201)


def test_a_fault_in_a_crowd_is_told_to_each_sender(serve):
    """Twenty senders at once: the shared commit fails for all of them, and each is told so."""
    server = serve()
    visit, contact = room(server)
    output = artifacts.FOLDER / "sabotage-crowd.strace"

    async def crowd():
        async with await Socket.visit(server, visit) as socket:
            await socket.expect("synced")
            requests = [
                await socket.send("message.send", {"content": f"{n}", "client_message_id": f"crowd-{n}"})
                for n in range(20)
            ]
            answers = [await socket.answer(request) for request in requests]
            assert {answer["type"] for answer in answers} == {"error"}
            assert {answer["data"]["code"] for answer in answers} == {"unavailable"}

    with syscalls.Saboteur(server, output, "fdatasync:error=EIO"):
        asyncio.run(crowd())
    poll(lambda: _writes(contact, visit), 30, "writes again after the fault")
    for number in range(20):
        contact.say(visit.conversation_id, f"{number}", client_message_id=f"crowd-{number}")
    stored = sent_by(contact, visit)
    assert len(stored) == len(set(stored)) == 21


def test_a_full_disk_refuses_writes_and_recovers(serve, small_disk):
    server = serve(start=False, DATABASE_URL=f"sqlite:{small_disk}/chat.db")
    server.start()
    visit, contact = room(server)
    contact.say(visit.conversation_id, "before", client_message_id="before")
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
    names = []
    text = "x" * 16_000

    def refused() -> bool:
        """The log may still have room within its own file; large messages use that up."""
        names.append(f"full-{len(names)}")
        answer = contact.post(
            f"chat/conversations/{visit.conversation_id}/messages", {"content": text, "client_message_id": names[-1]}
        )
        if answer.status_code == 503:
            expect(answer, 503, "unavailable")
            return True
        expect(answer, 201)
        return False

    poll(refused, 30, "a write refused by the full disk", every=0)
    acknowledged, pending = names[:-1], names[-1]
    assert refused(), "the disk is full once and not twice"
    expect(contact.get(f"chat/conversations/{visit.conversation_id}/messages", limit=1), 200)
    assert server.running
    filler.unlink()
    poll(lambda: _writes(contact, visit), 30, "writes again with room on the disk")
    contact.say(visit.conversation_id, text, client_message_id=pending)
    stored = sent_by(contact, visit)
    for name in [*acknowledged, pending]:
        assert stored.count(name) == 1, name
    assert server.stop() == 0
    assert integrity(small_disk / "chat.db") == "ok"
