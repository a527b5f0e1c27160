"""Judges a history against what the server shows at the end. Pure: no clock, no network.

| rule | what must hold | guarantee |
| --- | --- | --- |
| V1 | every acknowledged send is there, with the id, seq and content that were acknowledged | G1 |
| V2 | no client message id of one sender stands twice in a conversation | G2 |
| V3 | events are numbered 1, 2, 3 … up to the head, messages carry the seq of their creation | G3 |
| V4 | each client was given each event once, in order, as every other reader, up to where it was synced | G3, G4 |
| V5 | acknowledgements come in the order of the sends, and their seqs ascend | G3 |
| V6 | an unacknowledged send is there once or not at all; nothing is there that nobody sent | G2 |
| V7 | an AI text grows without a gap, repeat or mixture of generations, and the final text is what was streamed | G6 |
| V8 | a message of the AI ends exactly once, and nothing of it comes after | G6, contract "An AI reply" 4 |
| V10 | after a change of owner nothing of an older owner epoch but the cancelled ending | G7 |

V9 (`PRAGMA integrity_check`) is the database's own word and is asked for by the tests that have the file.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from history import message_record

FIRST_EPOCH = 1  # Contract, "An AI reply" 1
ENDINGS = ("complete", "partial", "cancelled")


@dataclass(frozen=True)
class Violation:
    rule: str
    detail: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.detail}"


@dataclass
class Ledger:
    """One conversation as staff read it at the end: every event and every message, as over HTTP."""

    conversation: str
    head_seq: int
    events: list[dict]
    messages: list[dict]
    by_seq: dict[int, dict] = field(init=False)

    def __post_init__(self):
        self.by_seq = {event["seq"]: event for event in self.events}


def check(history: list[dict], ledgers: list[Ledger], lossy: bool = False) -> list[Violation]:
    """Every violation found; an empty list is a clean run.

    `lossy`: what nodes tell each other may get lost, and with it pieces of an AI text, which are best effort (G6). What
    is shown must still be the text from its beginning, in order and without repeats."""
    found: list[Violation] = []
    by_conversation = {ledger.conversation: ledger for ledger in ledgers}
    for entry in history:
        if entry.get("conversation") and entry["conversation"] not in by_conversation:
            found.append(Violation("V3", f"{entry['conversation']} is in the history and nowhere else"))
            return found
    for ledger in ledgers:
        found += _numbering(ledger)
        found += _unique(ledger)
        found += _endings(ledger)
        found += _ownership(ledger)
    found += _acknowledged(history, by_conversation)
    found += _invented(history, by_conversation)
    found += _delivery(history, by_conversation)
    found += _acknowledgement_order(history)
    found += _texts(history, by_conversation, lossy)
    found += _epochs(history)
    return found


def _numbering(ledger: Ledger) -> list[Violation]:
    found = []
    seqs = [event["seq"] for event in ledger.events]
    if seqs != list(range(1, ledger.head_seq + 1)):
        missing = sorted(set(range(1, ledger.head_seq + 1)) - set(seqs))
        found.append(
            Violation(
                "V3", f"{ledger.conversation}: {len(seqs)} events up to {ledger.head_seq}, missing {missing[:10]}"
            )
        )
    for message in ledger.messages:
        event = ledger.by_seq.get(message["seq"])
        subject = ((event or {}).get("data") or {}).get("message") or {}
        if event is None or event["type"] != "message.created" or subject.get("id") != message["id"]:
            found.append(Violation("V3", f"message {message['id']} does not stand at its seq {message['seq']}"))
    created = {event["data"]["message"]["id"] for event in ledger.events if event["type"] == "message.created"}
    for lost in created - {message["id"] for message in ledger.messages}:
        found.append(Violation("V3", f"message {lost} is in the events but not in the list"))
    return found


def _unique(ledger: Ledger) -> list[Violation]:
    seen: dict[tuple, str] = {}
    found = []
    for message in ledger.messages:
        client_id = message.get("client_message_id")
        if client_id is None:
            continue
        key = (message["sender"]["kind"], message["sender"].get("id"), client_id)
        if key in seen:
            found.append(Violation("V2", f"{client_id} stands as {seen[key]} and {message['id']}"))
        seen[key] = message["id"]
    return found


def _by_client_id(ledgers: dict[str, Ledger]) -> dict[tuple[str, str], dict]:
    return {
        (ledger.conversation, message["client_message_id"]): message_record(message)
        for ledger in ledgers.values()
        for message in ledger.messages
        if message.get("client_message_id") is not None
    }


def _acknowledged(history: list[dict], ledgers: dict[str, Ledger]) -> list[Violation]:
    stored = _by_client_id(ledgers)
    sent = {(e["conversation"], e["client_message_id"]): e["hash"] for e in history if e["kind"] == "sent"}
    found = []
    for entry in history:
        if entry["kind"] != "acked":
            continue
        key = (entry["conversation"], entry["client_message_id"])
        message = stored.get(key)
        if message is None:
            found.append(Violation("V1", f"{key[1]} was acknowledged as seq {entry['seq']} and is lost"))
        elif (message["id"], message["seq"]) != (entry["message_id"], entry["seq"]):
            found.append(
                Violation(
                    "V1",
                    f"{key[1]} was acknowledged as {entry['message_id']} seq {entry['seq']} and is "
                    f"{message['id']} seq {message['seq']}",
                )
            )
        elif key in sent and message["hash"] != sent[key]:
            found.append(Violation("V1", f"the content of {key[1]} was changed"))
    return found


def _invented(history: list[dict], ledgers: dict[str, Ledger]) -> list[Violation]:
    """Sends are recorded before they leave, so a contact's or agent's message that no client sent was made up."""
    sent = {(e["conversation"], e["client_message_id"]): e["hash"] for e in history if e["kind"] == "sent"}
    recorded = {conversation for conversation, _ in sent}
    found = []
    for key, message in _by_client_id(ledgers).items():
        if message["sender"] not in ("contact", "agent") or key[0] not in recorded:
            continue
        if key not in sent:
            found.append(Violation("V6", f"{key[1]} is there and nobody sent it"))
        elif message["hash"] != sent[key]:
            found.append(Violation("V6", f"{key[1]} is there with other content than was sent"))
    return found


def _delivery(history: list[dict], ledgers: dict[str, Ledger]) -> list[Violation]:
    position: dict[tuple[str, str], int] = {}
    found = []
    for entry in history:
        key = (entry["client"], entry.get("conversation"))
        who = f"{entry['client']}#{entry['connection']} in {entry.get('conversation')}"
        if entry["kind"] == "reading":
            if key in position and entry["after"] != position[key]:
                found.append(Violation("V4", f"{who} resumes at {entry['after']} but had {position[key]}"))
            position[key] = entry["after"]
        elif entry["kind"] == "synced":
            if position.get(key, 0) < entry["seq"]:
                found.append(Violation("V4", f"{who} is synced to {entry['seq']} but was given {position.get(key, 0)}"))
        elif entry["kind"] == "received":
            seq, last = entry["seq"], position.get(key, 0)
            if seq <= last:
                found.append(Violation("V4", f"{who}: event {seq} comes again after {last}"))
            elif seq > last + 1:
                found.append(Violation("V4", f"{who}: events {last + 1}…{seq - 1} were skipped"))
            position[key] = max(seq, last)
            found += _same_event(entry, ledgers[entry["conversation"]], who)
    return found


def _same_event(entry: dict, ledger: Ledger, who: str) -> list[Violation]:
    event = ledger.by_seq.get(entry["seq"])
    if event is None:
        return [Violation("V4", f"{who}: event {entry['seq']} exists for this client alone")]
    if entry["type"] == "event.hidden":
        return []
    if event["type"] != entry["type"] and event["type"] != "message.deleted":
        return [Violation("V4", f"{who}: event {entry['seq']} was {entry['type']}, others see {event['type']}")]
    if entry.get("id") is not None and event.get("id") != entry["id"]:
        return [Violation("V4", f"{who}: event {entry['seq']} had another id")]
    mine, theirs = entry.get("message"), (event.get("data") or {}).get("message")
    if mine and theirs:
        theirs = message_record(theirs)
        if mine["id"] != theirs["id"]:
            return [Violation("V4", f"{who}: event {entry['seq']} was about another message")]
        # An AI text grows between the moment it was seen and the end; V7 follows it.
        if mine["sender"] != "ai" and mine["hash"] != theirs["hash"]:
            return [Violation("V4", f"{who}: event {entry['seq']} had other content")]
    return []


def _acknowledgement_order(history: list[dict]) -> list[Violation]:
    found = []
    sends: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    last_index: dict[tuple[str, int, str], int] = {}
    last_seq: dict[tuple[str, int, str], int] = {}
    for entry in history:
        key = (entry["client"], entry["connection"], entry.get("conversation"))
        if entry["kind"] == "sent":
            sends[key].append(entry["client_message_id"])
        elif entry["kind"] in ("acked", "nacked"):
            client_id = entry["client_message_id"]
            places = [index for index, name in enumerate(sends[key]) if name == client_id]
            if not places:
                found.append(
                    Violation("V5", f"{entry['client']}: an answer to {client_id}, not sent on this connection")
                )
                continue
            index = next((place for place in places if place > last_index.get(key, -1)), None)
            if index is None:
                found.append(Violation("V5", f"{entry['client']}: the answer to {client_id} comes out of order"))
                continue
            last_index[key] = index
            if entry["kind"] == "acked" and not entry["duplicate"]:
                if entry["seq"] <= last_seq.get(key, 0):
                    found.append(
                        Violation("V5", f"{entry['client']}: {client_id} has seq {entry['seq']} after {last_seq[key]}")
                    )
                last_seq[key] = max(entry["seq"], last_seq.get(key, 0))
    return found


class _Shown:
    """The text of one reply on one connection. `text` is None while the client cannot know it."""

    def __init__(self):
        self.generation = 0
        self.text: str | None = None
        self.reached = 0  # where the last delta of this generation ended
        self.ended = False
        # The text came with a replay, which shows a message as it is now: the deltas that follow need not fit it.
        self.replayed = False


def _texts(history: list[dict], ledgers: dict[str, Ledger], lossy: bool) -> list[Violation]:
    final = {
        message["id"]: message
        for ledger in ledgers.values()
        for message in ledger.messages
        if message["sender"]["kind"] == "ai"
    }
    shown: dict[tuple[str, int, str], _Shown] = defaultdict(_Shown)
    synced: set[tuple[str, int, str]] = set()
    found = []
    for entry in history:
        who = f"{entry['client']}#{entry['connection']}"
        place = (entry["client"], entry["connection"], entry.get("conversation"))
        if entry["kind"] == "synced":
            synced.add(place)
        message = entry.get("message") if entry["kind"] == "received" else None
        if message and message["sender"] == "ai":
            state = shown[entry["client"], entry["connection"], message["id"]]
            if entry["type"] == "message.created" and message["status"] == "streaming":
                state.text, state.replayed = message["content"], place not in synced
            elif message["status"] in ENDINGS:
                found += _ending(entry, message, state, final, who, lossy)
                state.ended = True
        elif entry["kind"] in ("started", "delta", "reset", "snapshot"):
            state = shown[entry["client"], entry["connection"], entry["message_id"]]
            found += _follow(entry, state, who, lossy)
    return found


def _ending(
    entry: dict, message: dict, state: _Shown, final: dict[str, dict], who: str, lossy: bool
) -> list[Violation]:
    found = []
    kept = final.get(message["id"])
    if kept is None:
        found.append(Violation("V7", f"{who}: {message['id']} ended and is lost"))
    elif kept["content"] != message["content"]:
        found.append(Violation("V7", f"{who}: {message['id']} ended with another text than it has now"))
    if entry["type"] == "message.created" or state.text is None or state.ended or state.replayed:
        return found  # A replay shows the end at once; there was no streaming to compare with.
    if message["status"] == "cancelled":
        # At the switch the frames of the old owner are dropped, so this client may have been shown less, never other.
        if not message["content"].startswith(state.text):
            found.append(
                Violation(
                    "V7",
                    f"{who}: {message['id']} was cancelled at {message['content'][-40:]!r} but had shown "
                    f"{state.text[-40:]!r}",
                )
            )
    elif state.text != message["content"] and not (lossy and message["content"].startswith(state.text)):
        found.append(
            Violation(
                "V7", f"{who}: {message['id']} streamed {state.text[-60:]!r} and ended {message['content'][-60:]!r}"
            )
        )
    return found


def _follow(entry: dict, state: _Shown, who: str, lossy: bool) -> list[Violation]:
    kind, generation, where = entry["kind"], entry["generation"], f"{who}: {entry['message_id']}"
    if kind == "snapshot":
        if entry["offset"] != len(entry["text"]):
            return [Violation("V7", f"{where}: a snapshot whose offset {entry['offset']} is not its length")]
        if generation < state.generation:
            return [Violation("V7", f"{where}: a snapshot of the older generation {generation}")]
        state.generation, state.text, state.replayed = generation, entry["text"], False
        return []
    if state.ended:
        return [Violation("V8", f"{where}: {kind} after the end")]
    if generation < state.generation:
        return [Violation("V7", f"{where}: {kind} of generation {generation} after {state.generation}")]
    if kind == "started":
        if generation > state.generation and state.generation:
            state.text = None
        state.generation = generation
    elif kind == "reset":
        if generation == state.generation:
            return [Violation("V7", f"{where}: reset within generation {generation}")]
        state.generation, state.text, state.replayed = generation, entry["keep"], False
    else:
        return _delta(entry, state, where, lossy)
    return []


def _delta(entry: dict, state: _Shown, where: str, lossy: bool) -> list[Violation]:
    if state.replayed:
        state.text, state.replayed = (state.text if entry["offset"] == len(state.text or "") else None), False
    if entry["generation"] > state.generation > 0 and state.text:
        return [
            Violation(
                "V7",
                f"{where}: delta of generation {entry['generation']} in a text of {state.generation}, without reset",
            )
        ]
    if entry["generation"] != state.generation:
        state.reached = 0
    elif state.text is None and entry["offset"] < state.reached:
        return [Violation("V7", f"{where}: delta at {entry['offset']} after one that ended at {state.reached}")]
    state.generation = entry["generation"]
    if state.text is None:
        state.text = "" if entry["offset"] == 0 else None
        if state.text is None:
            return []  # A gap that a snapshot has to fill.
    if entry["offset"] < len(state.text):
        return [Violation("V7", f"{where}: delta at {entry['offset']} repeats what ended at {len(state.text)}")]
    if entry["offset"] > len(state.text) and lossy:
        state.text, state.reached = None, entry["offset"] + len(entry["text"])
        return []  # The client sees the gap and asks for a snapshot.
    if entry["offset"] > len(state.text):
        return [Violation("V7", f"{where}: delta at {entry['offset']} leaves a gap after {len(state.text)}")]
    state.text += entry["text"]
    state.reached = len(state.text)
    return []


def _endings(ledger: Ledger) -> list[Violation]:
    """Each AI message has one ending event, unless it still runs."""
    endings: dict[str, int] = defaultdict(int)
    found = []
    for event in ledger.events:
        message = (event.get("data") or {}).get("message")
        if message and message["sender"]["kind"] == "ai" and event["type"] in ("message.completed", "message.updated"):
            endings[message["id"]] += 1
    for message in ledger.messages:
        if message["sender"]["kind"] != "ai":
            continue
        count = endings[message["id"]]
        if message["status"] == "streaming" and count == 0:
            found.append(Violation("V8", f"AI message {message['id']} never ended"))
        elif message["status"] in ENDINGS and count != 1:
            found.append(Violation("V8", f"AI message {message['id']} ended {count} times"))
    return found


def _ownership(ledger: Ledger) -> list[Violation]:
    """In commit order: the AI begins and completes a message only under the owner epoch that it began with."""
    owner, begun, found = None, {}, []
    for event in ledger.events:
        data = event.get("data") or {}
        if event["type"] == "conversation.created":
            owner = data["conversation"].get("owner")
            # A replay may show the conversation as it is now; what it began with is known by its epoch alone.
            if owner and owner["epoch"] > FIRST_EPOCH:
                owner = {"kind": None, "epoch": FIRST_EPOCH}
        elif event["type"] == "conversation.updated":
            owner = data["changes"].get("owner") or owner
        message = data.get("message")
        if owner is None or not message or message["sender"]["kind"] != "ai":
            continue
        if event["type"] == "message.created":
            begun[message["id"]] = owner["epoch"]
            if owner["kind"] not in ("ai", None):
                found.append(Violation("V10", f"the AI speaks at {event['seq']} while the owner is {owner['kind']}"))
        elif event["type"] == "message.completed" and begun.get(message["id"], owner["epoch"]) != owner["epoch"]:
            found.append(Violation("V10", f"the AI completes {message['id']} under a later owner, at {event['seq']}"))
    return found


def _epochs(history: list[dict]) -> list[Violation]:
    """After a client was told of a new owner, nothing comes of a reply that began under an older one."""
    owner: dict[tuple[str, str], int] = {}
    began: dict[tuple[str, int, str], int] = {}
    found = []
    for entry in history:
        place = (entry["client"], entry.get("conversation"))
        now = owner.get(place, 0)
        who = f"{entry['client']}#{entry['connection']}"
        message = entry.get("message") or {}
        if entry["kind"] == "received" and entry.get("owner"):
            epoch = entry["owner"]["epoch"]
            if epoch <= now:
                found.append(Violation("V10", f"{who}: owner epoch {epoch} after {now}"))
            owner[place] = max(epoch, now)
        elif entry["kind"] == "started":
            began[entry["client"], entry["connection"], entry["message_id"]] = entry["owner_epoch"]
            if entry["owner_epoch"] < now:
                found.append(
                    Violation("V10", f"{who}: a reply of owner epoch {entry['owner_epoch']} starts after {now}")
                )
        elif entry["kind"] in ("delta", "reset"):
            epoch = began.get((entry["client"], entry["connection"], entry["message_id"]), now)
            if epoch < now:
                found.append(Violation("V10", f"{who}: {entry['kind']} of owner epoch {epoch} after {now}"))
        elif entry["kind"] == "received" and message.get("sender") == "ai":
            epoch = began.get((entry["client"], entry["connection"], message["id"]), now)
            ending = entry["type"] == "message.updated" and message["status"] == "cancelled"
            if epoch < now and not ending:
                found.append(Violation("V10", f"{who}: {entry['type']} of owner epoch {epoch} after {now}"))
    return found
