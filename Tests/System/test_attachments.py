"""Files: sent, seen, downloaded; lies, tricks and broken uploads; who may see what; what is left after a kill."""

import random
import socket
import sqlite3
import threading
import time

import httpx
import pytest

from api import Api, admin, expect
from client import Socket
from files import begin_upload, form, png, stored, upload, uploaded
from server import Server, poll

MEGABYTE = 1 << 20


def fetch(server: Server, url: str, **headers) -> httpx.Response:
    """Follows a link as a browser's <img> does: without a token."""
    assert url.startswith("/api/v1/chat/attachments/"), url
    return httpx.get(server.base_url + url, headers=headers, trust_env=False, timeout=30)


def send(caller: Api, conversation: str, *files: dict, content: str = "", **fields) -> dict:
    return caller.say(conversation, content, attachment_ids=[each["id"] for each in files], **fields)


@pytest.fixture
def customer(public) -> tuple:
    visit = public.visit()
    return visit, public.caller(visit.token)


async def test_a_photo_goes_from_a_customer_to_an_agent_and_back(server, staff, public):
    visit = public.visit()
    contact = public.caller(visit.token)
    content = png(noise=random.randbytes(300_000))
    photo = uploaded(contact, content, "Foto vom Schaden.png")
    assert photo["name"] == "Foto vom Schaden.png" and photo["media_type"] == "image/png"
    assert photo["size"] == len(content)
    async with await Socket.visit(server, visit) as mine, await Socket.agent(server, staff.token) as agent:
        await mine.expect("ready")
        await agent.expect("ready")
        await agent.subscribe(visit.conversation_id)
        ack = await mine.say("", "photo-1", attachment_ids=[photo["id"]])
        seen = await agent.expect("message.created")
        message = seen["data"]["message"]
        assert message["type"] == "file" and message["attachments"] == [photo] and message["seq"] == ack["seq"]
        own = await mine.expect("message.created")
        assert own["data"]["message"]["attachments"] == [photo]
        again = await mine.say("", "photo-1", attachment_ids=[photo["id"]])
        assert again["duplicate"] and again["seq"] == ack["seq"]
        reply = uploaded(staff, b"%PDF-1.7\n% an offer", "Angebot.pdf", "application/pdf")
        await agent.say("Here you are", "offer-1", visit.conversation_id, attachment_ids=[reply["id"]])
        heard = await mine.expect("message.created", lambda each: each["data"]["message"]["sender"]["kind"] == "agent")
        assert heard["data"]["message"]["attachments"] == [reply] and heard["data"]["message"]["type"] == "text"
    assert contact.messages(visit.conversation_id)[0]["attachments"] == [photo]
    assert staff.events(visit.conversation_id)[ack["seq"] - 1]["data"]["message"] == message
    image = fetch(server, photo["url"])
    assert image.status_code == 200 and image.content == content
    assert image.headers["content-type"] == "image/png"
    assert image.headers["content-disposition"].startswith("inline;")
    document = fetch(server, reply["url"])
    assert document.headers["content-disposition"].startswith("attachment;")
    for answer in (image, document):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cache-control"].startswith("private")
    part = fetch(server, photo["url"], Range="bytes=100-199")
    assert part.status_code == 206 and part.content == content[100:200]
    assert fetch(server, photo["url"], **{"If-None-Match": image.headers["etag"]}).status_code == 304


HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (png(), "a.jpg", "image/jpeg"),
        (png(), "a.jpg", "image/png"),
        (HTML, "a.html", "text/html"),
        (HTML, "a.txt", "text/plain"),
        (HTML, "a.png", "image/png"),
        (b"  \n" + SVG, "a.svg", "image/svg+xml"),
        (SVG, "a.gif", "image/gif"),
        (b"alert(1)", "a.js", "text/javascript"),
        (b"alert(1)", "a.txt", "application/javascript"),
        (b"plain", "a.html", "text/plain"),
        (b"plain", "a.txt.exe", "text/plain"),
        (b"plain", "gnp.\u202eexe", "text/plain"),
        (b"#!/bin/sh\nrm -rf /", "a.txt", "text/plain"),
        (b"MZ\x90\x00", "a.pdf", "application/pdf"),
        (b"\x7fELF", "a.txt", "application/octet-stream"),
        (b"PK\x03\x04" + b"\0" * 26, "a.zip", "application/zip"),
        (b"GIF8" + HTML, "a.gif", "image/gif"),
        ("<html>".encode("utf-16"), "a.txt", "text/plain"),
        (b"a" * 100_000 + b"\0", "a.txt", "text/plain"),
    ],
)
def test_what_lies_about_itself_is_not_taken(server, customer, content, name, kind):
    _, contact = customer
    before = stored(server)
    expect(upload(contact, content, name, kind), 415, "unsupported_media_type")
    assert stored(server) == before


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../../etc/cron.d/evil.png", "evil.png"),
        ("..\\..\\windows\\evil.png", "evil.png"),
        ("/tmp/evil.png", "evil.png"),
        ("...", "file.png"),
        (".", "file.png"),
        ("evil.png/", "file.png"),
        ("\u202egnp.evil.png", "gnp.evil.png"),
        ("a\u200b\u2066b.png", "ab.png"),
        ("发票.png", "发票.png"),
        ("x" * 5000 + ".png", "x" * 251 + ".png"),
    ],
)
def test_names_are_for_showing_only(server, customer, given, shown):
    _, contact = customer
    before = set(stored(server))
    made = expect(
        contact.post(
            "chat/attachments",
            content=form(png(), f'form-data; name="file"; filename="{given}"'),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        ),
        201 if len(given) < 1000 else (201, 422),
    )
    if "name" in made:
        assert made["name"] == shown
        (new,) = set(stored(server)) - before
        assert new.name.isdigit() and new.parent.parent == server.data / "attachments"
        assert new.stat().st_mode & 0o777 == 0o600
        disposition = fetch(server, made["url"]).headers["content-disposition"]
        assert disposition.isascii() and "\n" not in disposition
    outside = [path for path in server.directory.rglob("*evil*")]
    assert outside == []


def test_broken_forms_are_refused_and_leave_nothing(server, customer):
    _, contact = customer
    before = stored(server)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    whole = form(png(noise=b"x" * 5000))
    for cut in (0, 5, 60, 200, len(whole) - 8):
        expect(contact.post("chat/attachments", content=whole[:cut], headers=headers), 400, "malformed_json")
    two = whole[: -len(b"--\r\n")] + b"\r\n" + whole.removeprefix(b"--b\r\n")
    for body, code in [
        (form(png(), 'form-data; name="workspace_id"'), "unknown_field"),
        (form(b""), "validation_failed"),
        (b"--b\r\n" + b"x" * 10_000, "validation_failed"),
        (b"x" * 5000, "validation_failed"),
        (two, "validation_failed"),
    ]:
        expect(contact.post("chat/attachments", content=body, headers=headers), 422, code)
    for kind in (
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=" + "b" * 71,
        "multipart/mixed; boundary=b",
    ):
        expect(contact.post("chat/attachments", content=whole, headers={"Content-Type": kind}), 415)
    expect(Api(server.base_url).post("chat/attachments", content=whole, headers=headers), 401)
    assert stored(server) == before


def test_a_file_that_is_too_large_is_refused_before_and_while_it_comes(serve):
    server = serve(ATTACHMENT_MAX_BYTES=str(MEGABYTE))
    contact = Api(server.base_url)
    contact = contact.caller(contact.visit().token)
    exact = png(noise=b"x" * (MEGABYTE - len(png(noise=b"x")) + 1))
    assert len(exact) == MEGABYTE
    uploaded(contact, exact)
    expect(upload(contact, exact + b"x"), 413, "too_large")
    with begin_upload(contact, 50 * MEGABYTE, b"") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")

    def endless():
        yield form(exact)[:-8]
        for _ in range(40):
            yield b"x" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    expect(contact.post("chat/attachments", content=endless(), headers=headers), 413, "too_large")
    assert len(stored(server)) == 1


def test_uploads_that_break_off_or_dawdle_leave_nothing_and_hold_nobody_up(server, public):
    slow, quick = public.caller(public.visit().token), public.caller(public.visit().token)
    before = stored(server)
    whole = form(png(noise=random.randbytes(MEGABYTE)))
    hanging = [begin_upload(slow, len(whole), whole[: 100_000 + 200_000 * number]) for number in range(4)]
    incoming = server.data / "attachments" / "incoming"
    poll(lambda: len(list(incoming.iterdir())) >= 2, 10, "uploads under way")
    # One caller has four; another does not notice.
    expect(upload(slow, png()), 429, "rate_limited")
    uploaded(quick, png())
    for connection in hanging[1:]:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    poll(lambda: len(list(incoming.iterdir())) <= 1, 10, "nothing left of what broke off")
    # Piece by piece, but it comes.
    rest = whole[100_000:]
    for start in range(0, len(rest), 50_000):
        hanging[0].sendall(rest[start : start + 50_000])
        time.sleep(0.02)
    assert hanging[0].recv(65536).startswith(b"HTTP/1.1 201")
    hanging[0].close()
    assert len(stored(server)) == len(before) + 2
    uploaded(slow, png())


def test_a_full_disk_refuses_files_and_nothing_else(serve, small_disk):
    server = serve(ATTACHMENT_DIR=str(small_disk / "files"))
    public = Api(server.base_url)
    visit = public.visit()
    contact = public.caller(visit.token)
    first = uploaded(contact, png(noise=b"x" * MEGABYTE))
    filler = small_disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass
    for _ in range(3):
        answer = upload(contact, png(noise=random.randbytes(2 * MEGABYTE)))
        expect(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    poll(lambda: not list((small_disk / "files" / "incoming").iterdir()), 10, "nothing left of what was refused")
    send(contact, visit.conversation_id, first, content="this still goes")
    assert fetch(server, first["url"]).status_code == 200
    filler.unlink()
    second = uploaded(contact, png(noise=random.randbytes(2 * MEGABYTE)))
    assert fetch(server, second["url"]).status_code == 200
    assert server.running


def test_a_folder_that_cannot_be_stops_the_start_with_one_line(serve, tmp_path):
    (tmp_path / "file").write_text("")
    server = serve(start=False, ATTACHMENT_DIR=str(tmp_path / "file"))
    server.spawn()
    assert server.process.wait(30) == 78
    assert "ATTACHMENT_DIR" in server.log_tail(1)


def test_a_kill_during_uploads_loses_no_acknowledged_file_and_leaves_no_row_without_one(serve):
    server = serve(start=False)
    generator = random.Random(20)
    acknowledged: dict[str, tuple[str, bytes]] = {}
    server.start()
    public = Api(server.base_url)
    visit = public.visit()
    for _ in range(3):
        stop = threading.Event()

        def people(seed: int, stop=stop):
            chance = random.Random(seed)
            caller = public.caller(public.visit().token)
            while not stop.is_set():
                content = png(noise=chance.randbytes(chance.randrange(1, 400_000)))
                try:
                    answer = upload(caller, content)
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    made = answer.json()
                    acknowledged[made["id"]] = (caller.token, content)

        crowd = [threading.Thread(target=people, args=(generator.random(),)) for _ in range(4)]
        before = len(acknowledged)
        for each in crowd:
            each.start()
        poll(lambda wanted=before + 10: len(acknowledged) >= wanted, 60, "uploads before the kill", every=0.01)
        time.sleep(generator.random() * 0.2)
        server.kill()
        stop.set()
        for each in crowd:
            each.join(30)
        rows = sqlite3.connect(server.database).execute("SELECT id, size FROM attachments").fetchall()
        files = {path.name: path for path in stored(server)}
        assert len(rows) >= len(acknowledged)
        for key, size in rows:
            assert str(key) in files, f"the row {key} has no file"
            assert files[str(key)].stat().st_size == size
        server.start()
    for name, (token, content) in generator.sample(sorted(acknowledged.items()), 20):
        link = expect(public.caller(token).get(f"chat/attachments/{name}"), 200)["url"]
        assert fetch(server, link).content == content
    # What was sent before a restart is still there behind a link of before it.
    contact = public.caller(visit.token)
    photo = uploaded(contact, png())
    send(contact, visit.conversation_id, photo)
    assert server.stop() == 0
    server.start()
    assert fetch(server, photo["url"]).content == png()


def test_files_are_for_those_who_may_read_the_conversation(serve):
    server = serve()
    staff, public = admin(server), Api(server.base_url)
    made = server.run("workspace", "create", "--slug", "other", "--name", "Other")
    assert made.returncode == 0, made.stderr
    person = ["--email", "boss@other.example", "--name", "Boss", "--role", "admin", "--workspace", "other"]
    assert server.run("user", "create", *person, "--password-stdin", input="a-long-password\n").returncode == 0
    foreign = public.caller(public.login("boss@other.example", "a-long-password", "other")["access_token"])
    visit, strangers = public.visit(), public.visit()
    contact, stranger = public.caller(visit.token), public.caller(strangers.token)
    mine, theirs, noted = uploaded(contact, png()), uploaded(stranger, png()), uploaded(staff, png())
    # Not sent: the uploader's alone, to see and to send.
    for caller in (stranger, staff, foreign):
        expect(caller.get(f"chat/attachments/{mine['id']}"), 404, "not_found")
    room = f"chat/conversations/{visit.conversation_id}/messages"
    for caller, file in ((contact, theirs), (contact, noted), (staff, mine)):
        answer = caller.post(room, {"content": "x", "attachment_ids": [file["id"]]})
        assert expect(answer, 422)["errors"][0]["field"] == "attachment_ids[0]"
    send(contact, visit.conversation_id, mine)
    note = send(staff, visit.conversation_id, noted, content="see this", type="note")
    for file, allowed, refused in (
        (mine, (contact, staff), (stranger, foreign)),
        (noted, (staff,), (contact, stranger, foreign)),
    ):
        for caller in allowed:
            assert expect(caller.get(f"chat/attachments/{file['id']}"), 200)["id"] == file["id"]
        for caller in refused:
            expect(caller.get(f"chat/attachments/{file['id']}"), 404, "not_found")
    history = contact.get(f"chat/conversations/{visit.conversation_id}/events").text
    assert noted["id"] not in history and mine["id"] in history
    # A link is for its own file and its own time.
    query = mine["url"].split("?")[1]
    other = noted["url"].split("?")[0]
    assert fetch(server, f"{other}?{query}").status_code == 403
    assert fetch(server, mine["url"].replace("expires=1", "expires=2")).status_code == 403
    assert fetch(server, mine["url"].split("?")[0]).status_code == 403
    # What is deleted is gone, from the disk too.
    assert fetch(server, noted["url"]).status_code == 200
    expect(staff.delete(f"{room}/{note['id']}"), 204)
    assert fetch(server, noted["url"]).status_code == 404
    expect(staff.get(f"chat/attachments/{noted['id']}"), 404)
    poll(lambda: len(stored(server)) == 2, 10, "the deleted note's file gone from the disk")


def test_a_lost_file_is_said_not_to_be_there(serve):
    """As on a node that does not share the folder."""
    server = serve()
    contact = Api(server.base_url)
    contact = contact.caller(contact.visit().token)
    photo = uploaded(contact, png())
    (path,) = stored(server)
    path.unlink()
    answer = fetch(server, photo["url"])
    assert answer.status_code == 404 and answer.json()["code"] == "not_found"
    poll(lambda: "ATTACHMENT_DIR" in server.logs(), 10, "a line in the log")
