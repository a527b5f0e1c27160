"""The checker itself: a clean history passes, and every planted corruption is found under its own rule."""

import copy

import pytest

from checker import Ledger, check
from history import History, content_hash, message_record, read

pytestmark = pytest.mark.pure

ROOM = "c_1"


class Scene:
    """A small run, told as the clients recorded it: two clients, an AI reply, a takeover, a crash, a retry."""

    def __init__(self):
        self.log = History()
        self.events: list[dict] = []
        self.messages: dict[str, dict] = {}

    @property
    def entries(self) -> list[dict]:
        return self.log.entries

    def ledgers(self) -> list[Ledger]:
        # Events show messages as they are now.
        events = copy.deepcopy(self.events)
        for event in events:
            message = event["data"].get("message")
            if message:
                event["data"]["message"] = copy.deepcopy(self.messages[message["id"]])
        return [Ledger(ROOM, len(events), events, copy.deepcopy(list(self.messages.values())))]

    # The server's side

    def commit(self, kind: str, **data) -> dict:
        event = {"type": kind, "seq": len(self.events) + 1, "id": f"e{len(self.events) + 1}", "data": data}
        self.events.append(event)
        return event

    def message(self, identifier: str, sender: str, content: str, client_message_id=None, status="sent") -> dict:
        self.messages[identifier] = {
            "id": identifier,
            "seq": len(self.events) + 1,
            "client_message_id": client_message_id,
            "sender": {"kind": sender, "id": sender},
            "content": content,
            "status": status,
        }
        return self.commit("message.created", message=self.messages[identifier])

    # The clients' side

    def note(self, client: str, connection: int, kind: str, **values):
        self.log.add(client, connection, kind, conversation=ROOM, **values)

    def open(self, client: str, connection: int, after: int, head: int):
        self.log.add(client, connection, "opened", epoch="E", mode="replay")
        self.note(client, connection, "reading", after=after)
        for event in self.events[after:head]:
            self.receive(client, connection, event)
        self.note(client, connection, "synced", seq=head)

    def receive(self, client: str, connection: int, event: dict):
        data = event["data"]
        message = data.get("message")
        self.note(
            client,
            connection,
            "received",
            seq=event["seq"],
            id=event["id"],
            type=event["type"],
            message=message_record(message) if message else None,
            owner=data.get("changes", {}).get("owner"),
        )

    def send(self, client: str, connection: int, client_message_id: str, content: str):
        self.note(client, connection, "sent", client_message_id=client_message_id, hash=content_hash(content))

    def ack(self, client: str, connection: int, client_message_id: str, duplicate: bool = False):
        message = next(m for m in self.messages.values() if m["client_message_id"] == client_message_id)
        self.note(
            client,
            connection,
            "acked",
            client_message_id=client_message_id,
            message_id=message["id"],
            seq=message["seq"],
            duplicate=duplicate,
        )

    def reply(self, client: str, connection: int, kind: str, message_id: str, generation: int, **values):
        self.note(client, connection, kind, message_id=message_id, generation=generation, **values)


def clean() -> Scene:
    scene = Scene()
    scene.commit("conversation.created", conversation={"owner": {"kind": "ai", "epoch": 1}})
    scene.open("cat", 1, 0, 1)
    scene.open("dog", 1, 0, 1)
    for number, name in enumerate(("cat-1", "cat-2"), 1):
        scene.send("cat", 1, name, f"question {number}")
    for number, name in enumerate(("cat-1", "cat-2"), 1):
        event = scene.message(f"m{number}", "contact", f"question {number}", name)
        scene.ack("cat", 1, name)
        scene.receive("cat", 1, event)
        scene.receive("dog", 1, event)
    # A reply that another attempt takes over in mid-text.
    created = scene.message("a1", "ai", "Hel", status="streaming")
    for client in ("cat", "dog"):
        scene.reply(client, 1, "started", "a1", 1, owner_epoch=1)
        scene.receive(client, 1, created)
        scene.reply(client, 1, "delta", "a1", 1, offset=3, text="lo wor")
        scene.reply(client, 1, "reset", "a1", 2, keep="")
        scene.reply(client, 1, "delta", "a1", 2, offset=0, text="你好，")
        scene.reply(client, 1, "delta", "a1", 2, offset=3, text="world")
    scene.messages["a1"] |= {"content": "你好，world", "status": "complete"}
    completed = scene.commit("message.completed", message=scene.messages["a1"], finish_reason="stop")
    for client in ("cat", "dog"):
        scene.receive(client, 1, completed)
    # A second reply, cancelled by a takeover.
    created = scene.message("a2", "ai", "One", status="streaming")
    for client in ("cat", "dog"):
        scene.reply(client, 1, "started", "a2", 1, owner_epoch=1)
        scene.receive(client, 1, created)
        scene.reply(client, 1, "delta", "a2", 1, offset=3, text=" two")
    switched = scene.commit("conversation.updated", changes={"owner": {"kind": "agent", "epoch": 2}})
    scene.messages["a2"] |= {"content": "One two", "status": "cancelled"}
    cancelled = scene.commit("message.updated", message=scene.messages["a2"])
    for client in ("cat", "dog"):
        scene.receive(client, 1, switched)
        scene.receive(client, 1, cancelled)
    # The server dies: one send is committed and not acknowledged, one is neither.
    scene.send("cat", 1, "cat-3", "question 3")
    scene.send("cat", 1, "cat-4", "question 4")
    third = scene.message("m3", "contact", "question 3", "cat-3")
    scene.receive("dog", 1, third)
    scene.log.add("cat", 1, "closed", code=1006)
    scene.log.add("dog", 1, "closed", code=1006)
    head = len(scene.events)
    scene.open("cat", 2, head - 1, head)
    scene.open("dog", 2, head, head)
    scene.send("cat", 2, "cat-3", "question 3")
    scene.send("cat", 2, "cat-4", "question 4")
    scene.ack("cat", 2, "cat-3", duplicate=True)
    fourth = scene.message("m4", "contact", "question 4", "cat-4")
    scene.ack("cat", 2, "cat-4")
    answer = scene.message("m5", "agent", "an answer", "dog-1")
    scene.send("dog", 2, "dog-1", "an answer")
    scene.ack("dog", 2, "dog-1")
    for client in ("cat", "dog"):
        scene.receive(client, 2, fourth)
        scene.receive(client, 2, answer)
    return scene


def find(scene: Scene, kind: str, **values) -> dict:
    return next(
        entry
        for entry in scene.entries
        if entry["kind"] == kind and all(entry.get(name) == value for name, value in values.items())
    )


# Each corruption changes a clean scene and returns the ledgers to judge it by.


def lost_acknowledged_message(scene):
    """The message and its events are gone, and the rest moved up: only the acknowledgement knows."""
    (ledger,) = scene.ledgers()
    events = [e for e in ledger.events if (e["data"].get("message") or {}).get("id") != "m4"]
    messages = [m for m in ledger.messages if m["id"] != "m4"]
    for seq, event in enumerate(events, 1):
        event["seq"] = seq
        if event["type"] == "message.created":
            next(m for m in messages if m["id"] == event["data"]["message"]["id"])["seq"] = seq
    return [Ledger(ROOM, len(events), events, messages)]


def acknowledged_under_another_seq(scene):
    find(scene, "acked", client_message_id="cat-2")["seq"] += 1


def acknowledged_as_another_message(scene):
    find(scene, "acked", client_message_id="cat-2")["message_id"] = "m1"


def changed_content(scene):
    scene.messages["m4"]["content"] = "something else"


def same_send_twice(scene):
    scene.message("m6", "contact", "question 3", "cat-3")


def hole_in_the_numbers(scene):
    (ledger,) = scene.ledgers()
    return [Ledger(ROOM, ledger.head_seq, [e for e in ledger.events if e["seq"] != 3], ledger.messages)]


def missing_tail(scene):
    (ledger,) = scene.ledgers()
    return [Ledger(ROOM, ledger.head_seq + 1, ledger.events, ledger.messages)]


def message_at_another_seq(scene):
    (ledger,) = scene.ledgers()
    ledger.messages[0]["seq"], ledger.messages[1]["seq"] = ledger.messages[1]["seq"], ledger.messages[0]["seq"]
    return [ledger]


def message_only_in_events(scene):
    (ledger,) = scene.ledgers()
    return [Ledger(ROOM, ledger.head_seq, ledger.events, [m for m in ledger.messages if m["id"] != "a1"])]


def doubled_delivery(scene):
    entry = find(scene, "received", client="dog", seq=3)
    scene.entries.insert(scene.entries.index(entry) + 1, dict(entry))


def delivered_again_after_resume(scene):
    entry = dict(find(scene, "received", client="dog", seq=3), connection=2)
    scene.entries.insert(scene.entries.index(find(scene, "synced", client="dog", connection=2)), entry)


def skipped_delivery(scene):
    scene.entries.remove(find(scene, "received", client="dog", seq=3))


def reordered_delivery(scene):
    first, second = find(scene, "received", client="dog", seq=2), find(scene, "received", client="dog", seq=3)
    a, b = scene.entries.index(first), scene.entries.index(second)
    scene.entries[a], scene.entries[b] = second, first


def synced_too_early(scene):
    entry = find(scene, "synced", client="cat", connection=2)
    missing = find(scene, "received", client="cat", connection=2)
    scene.entries.remove(missing)
    scene.entries.insert(scene.entries.index(entry) + 1, missing)


def another_event_for_one_reader(scene):
    find(scene, "received", client="dog", seq=2)["id"] = "e99"


def another_type_for_one_reader(scene):
    find(scene, "received", client="dog", seq=2)["type"] = "conversation.updated"


def another_content_for_one_reader(scene):
    find(scene, "received", client="dog", seq=2)["message"]["hash"] = content_hash("other")


def event_of_no_log(scene):
    entry = dict(scene.entries[-1], seq=len(scene.events) + 1)
    scene.entries.append(entry)


def acknowledgements_out_of_order(scene):
    first, second = find(scene, "acked", client_message_id="cat-1"), find(scene, "acked", client_message_id="cat-2")
    a, b = scene.entries.index(first), scene.entries.index(second)
    scene.entries[a], scene.entries[b] = second, first


def committed_out_of_order(scene):
    """Acknowledged in order, but numbered against the order of sending."""
    first, second = find(scene, "acked", client_message_id="cat-1"), find(scene, "acked", client_message_id="cat-2")
    first["seq"], second["seq"] = second["seq"], first["seq"]


def answer_to_nothing(scene):
    scene.entries.append(dict(find(scene, "acked", client_message_id="cat-1"), connection=2))


def message_of_nobody(scene):
    event = scene.message("m6", "contact", "surprise", "cat-99")
    scene.receive("cat", 2, event)


def unacknowledged_send_with_other_content(scene):
    scene.entries.remove(find(scene, "acked", client_message_id="cat-4"))
    scene.messages["m4"]["content"] = "something else"


def repeated_delta(scene):
    entry = find(scene, "delta", client="cat", generation=2, offset=0)
    scene.entries.insert(scene.entries.index(entry) + 1, dict(entry))


def lost_delta(scene):
    scene.entries.remove(find(scene, "delta", client="cat", generation=2, offset=0))


def reordered_deltas(scene):
    first = find(scene, "delta", client="cat", generation=2, offset=0)
    second = find(scene, "delta", client="cat", generation=2, offset=3)
    a, b = scene.entries.index(first), scene.entries.index(second)
    scene.entries[a], scene.entries[b] = second, first


def mixed_generations(scene):
    """A delta of the first attempt arrives after the reset."""
    entry = dict(find(scene, "delta", client="cat", generation=1), offset=0)
    scene.entries.insert(scene.entries.index(find(scene, "delta", client="cat", generation=2, offset=3)), entry)


def takeover_without_reset(scene):
    scene.entries.remove(find(scene, "reset", client="cat"))


def final_text_is_not_what_was_streamed(scene):
    find(scene, "delta", client="cat", generation=2, offset=3)["text"] = "there"


def ended_with_another_text_than_kept(scene):
    scene.messages["a1"]["content"] += "!"


def cancelled_text_hides_what_was_shown(scene):
    find(scene, "delta", client="cat", message_id="a2")["text"] = " two three"


def offset_counts_bytes(scene):
    find(scene, "delta", client="cat", generation=2, offset=3)["offset"] = 9


def snapshot_of_wrong_length(scene):
    scene.reply("cat", 2, "snapshot", "a1", 2, offset=4, text="你好，world")


def ended_twice(scene):
    scene.receive("cat", 2, scene.commit("message.completed", message=scene.messages["a1"], finish_reason="stop"))


def never_ended(scene):
    scene.message("a3", "ai", "Well", status="streaming")


def delta_after_the_end(scene):
    completed = next(
        e
        for e in scene.entries
        if e["kind"] == "received" and e["type"] == "message.completed" and e["client"] == "cat"
    )
    entry = dict(find(scene, "delta", client="cat", generation=2), offset=8, text="!")
    scene.entries.insert(scene.entries.index(completed) + 1, entry)


def delta_after_the_takeover(scene):
    switched = next(e for e in scene.entries if e["kind"] == "received" and e.get("owner") and e["client"] == "cat")
    entry = find(scene, "delta", client="cat", message_id="a2")
    scene.entries.remove(entry)
    scene.entries.insert(scene.entries.index(switched) + 1, entry)


def owner_epoch_goes_back(scene):
    event = scene.commit("conversation.updated", changes={"owner": {"kind": "ai", "epoch": 1}})
    scene.receive("dog", 2, event)


def ai_speaks_over_the_human(scene):
    scene.message("a4", "ai", "As I said", status="complete")
    scene.commit("message.completed", message=scene.messages["a4"], finish_reason="stop")


def ai_completes_after_the_takeover(scene):
    last = next(e for e in scene.events if e["type"] == "message.updated")
    last["type"] = "message.completed"
    scene.messages["a2"]["status"] = "complete"


def unknown_conversation(scene):
    scene.log.add("cat", 2, "acked", conversation="c_9", client_message_id="x", message_id="y", seq=1, duplicate=False)


CORRUPTIONS = [
    (lost_acknowledged_message, "V1"),
    (acknowledged_under_another_seq, "V1"),
    (acknowledged_as_another_message, "V1"),
    (changed_content, "V1"),
    (same_send_twice, "V2"),
    (hole_in_the_numbers, "V3"),
    (missing_tail, "V3"),
    (message_at_another_seq, "V3"),
    (message_only_in_events, "V3"),
    (unknown_conversation, "V3"),
    (doubled_delivery, "V4"),
    (delivered_again_after_resume, "V4"),
    (skipped_delivery, "V4"),
    (reordered_delivery, "V4"),
    (synced_too_early, "V4"),
    (another_event_for_one_reader, "V4"),
    (another_type_for_one_reader, "V4"),
    (another_content_for_one_reader, "V4"),
    (event_of_no_log, "V4"),
    (acknowledgements_out_of_order, "V5"),
    (committed_out_of_order, "V5"),
    (answer_to_nothing, "V5"),
    (message_of_nobody, "V6"),
    (unacknowledged_send_with_other_content, "V6"),
    (repeated_delta, "V7"),
    (lost_delta, "V7"),
    (reordered_deltas, "V7"),
    (mixed_generations, "V7"),
    (takeover_without_reset, "V7"),
    (final_text_is_not_what_was_streamed, "V7"),
    (ended_with_another_text_than_kept, "V7"),
    (cancelled_text_hides_what_was_shown, "V7"),
    (offset_counts_bytes, "V7"),
    (snapshot_of_wrong_length, "V7"),
    (ended_twice, "V8"),
    (never_ended, "V8"),
    (delta_after_the_end, "V8"),
    (delta_after_the_takeover, "V10"),
    (owner_epoch_goes_back, "V10"),
    (ai_speaks_over_the_human, "V10"),
    (ai_completes_after_the_takeover, "V10"),
]


def test_a_clean_history_passes():
    scene = clean()
    assert check(scene.entries, scene.ledgers()) == []


@pytest.mark.parametrize(("corrupt", "rule"), CORRUPTIONS, ids=[corrupt.__name__ for corrupt, _ in CORRUPTIONS])
def test_a_planted_corruption_is_found(corrupt, rule):
    scene = clean()
    ledgers = corrupt(scene) or scene.ledgers()
    found = check(scene.entries, ledgers)
    assert rule in {violation.rule for violation in found}, f"{corrupt.__name__}: {[str(each) for each in found]}"


def test_pieces_of_a_text_may_get_lost_between_nodes():
    scene = clean()
    lost_delta(scene)
    assert check(scene.entries, scene.ledgers(), lossy=True) == []
    scene = clean()
    scene.entries.remove(find(scene, "delta", client="cat", generation=2, offset=3))  # The tail.
    assert "V7" in {violation.rule for violation in check(scene.entries, scene.ledgers())}
    assert check(scene.entries, scene.ledgers(), lossy=True) == []


ALLOWED_LOSS = {lost_delta, offset_counts_bytes}  # The second looks like the first.


@pytest.mark.parametrize(
    ("corrupt", "rule"),
    [each for each in CORRUPTIONS if each[0] not in ALLOWED_LOSS],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_everything_else_is_found_between_nodes_too(corrupt, rule):
    scene = clean()
    ledgers = corrupt(scene) or scene.ledgers()
    assert rule in {violation.rule for violation in check(scene.entries, ledgers, lossy=True)}


def test_a_hidden_event_counts_as_delivered():
    scene = clean()
    note = scene.message("n1", "agent", "for staff only", "dog-2")
    scene.send("dog", 2, "dog-2", "for staff only")
    scene.ack("dog", 2, "dog-2")
    scene.receive("dog", 2, note)
    scene.note("cat", 2, "received", seq=note["seq"], id=None, type="event.hidden", message=None, owner=None)
    assert check(scene.entries, scene.ledgers()) == []


def test_a_send_that_was_never_committed_is_no_loss():
    scene = clean()
    scene.send("cat", 2, "cat-5", "into the void")
    assert check(scene.entries, scene.ledgers()) == []


def test_a_replayed_reply_may_run_on_from_elsewhere():
    """A replay shows the message as it was stored; the deltas fit again after `reply.snapshot`."""
    scene = clean()
    scene.commit("conversation.updated", changes={"owner": {"kind": "ai", "epoch": 3}})
    created = scene.message("a3", "ai", "", status="streaming")
    scene.receive("dog", 2, scene.events[-2])
    scene.reply("dog", 2, "started", "a3", 1, owner_epoch=3)
    scene.receive("dog", 2, created)
    scene.reply("dog", 2, "delta", "a3", 1, offset=0, text="x" * 20 + "late ")
    scene.reply("dog", 2, "delta", "a3", 1, offset=25, text="end")
    seen = created["seq"]
    scene.log.add("cat", 2, "closed", code=1006)
    scene.log.add("cat", 3, "opened", epoch="E", mode="replay")
    scene.note("cat", 3, "reading", after=seen - 2)
    scene.receive("cat", 3, scene.events[-2])
    scene.receive("cat", 3, created)
    scene.note("cat", 3, "synced", seq=seen)
    scene.reply("cat", 3, "delta", "a3", 1, offset=20, text="late ")
    scene.reply("cat", 3, "snapshot", "a3", 1, offset=25, text="x" * 20 + "late ")
    scene.reply("cat", 3, "delta", "a3", 1, offset=25, text="end")
    scene.messages["a3"] |= {"content": "x" * 20 + "late end", "status": "complete"}
    completed = scene.commit("message.completed", message=scene.messages["a3"], finish_reason="stop")
    for client, connection in (("cat", 3), ("dog", 2)):
        scene.receive(client, connection, completed)
    assert check(scene.entries, scene.ledgers()) == []


def test_a_history_survives_its_file(tmp_path):
    log = History(tmp_path / "history.jsonl")
    log.add("cat", 1, "sent", conversation=ROOM, client_message_id="猫-1", hash=content_hash("你好"))
    log.close()
    assert read(tmp_path / "history.jsonl") == log.entries
