"""Two workspaces with the same things in each. Tests of bad input act in the first; nothing they do may change
anything, nor show anything of the second."""

from dataclasses import dataclass

from api import Api, Visit, admin, expect
from server import Server

SECRET = "a-test-secret-of-more-than-thirty-two-bytes"
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BODY_LIMIT = 1 << 20
SCALARS = 16_000


@dataclass
class World:
    """Two workspaces with the same things in each; tests act in the first and must not touch or see the second."""

    server: Server
    public: Api
    staff: Api
    contact: Api
    visit: Visit
    stranger: Visit  # another contact of the same workspace
    foreign_staff: Api
    foreign_contact_id: str
    foreign_conversation: str
    before: dict | None = None

    def state(self) -> dict:
        """What must be the same after a refused request."""
        room = f"chat/conversations/{self.visit.conversation_id}"
        conversation = self.staff.conversation(self.visit.conversation_id)
        return {
            "conversation": conversation,
            "events": self.staff.events(self.visit.conversation_id),
            "messages": expect(self.staff.get(f"{room}/messages"), 200)["items"],
            "conversations": [each["id"] for each in self.staff.listed("chat/conversations")],
            "contacts": sorted(each["id"] for each in self.staff.listed("contacts")),
            "me": {**expect(self.staff.get("users/me"), 200), "last_login_at": None},
            "session": {
                key: value
                for key, value in expect(self.contact.get(f"chat/sessions/{self.visit.id}"), 200).items()
                if key not in ("last_active_at", "expires_at", "status")
            },
            "foreign": self.foreign_staff.events(self.foreign_conversation),
        }


def make(server: Server) -> World:
    public = Api(server.base_url)
    made = server.run("workspace", "create", "--slug", "other", "--name", "Other")
    assert made.returncode == 0, made.stderr
    person = ["--email", "boss@other.example", "--name", "Boss", "--role", "admin", "--workspace", "other"]
    made = server.run("user", "create", *person, "--password-stdin", input="a-long-password\n")
    assert made.returncode == 0, made.stderr
    staff = admin(server)
    foreign_staff = public.caller(public.login("boss@other.example", "a-long-password", "other")["access_token"])
    foreign_contact = expect(foreign_staff.post("contacts", {"name": "Foreign"}), 201)
    room = {"contact_id": foreign_contact["id"], "message": "hello"}
    foreign = expect(foreign_staff.post("chat/conversations", room), 201)
    visits = []
    for _ in range(2):
        visit = public.visit(locale="en")
        public.caller(visit.token).switch(visit.conversation_id, "human")
        public.caller(visit.token).say(visit.conversation_id, "hello", client_message_id="first")
        visits.append(visit)
    return World(
        server,
        public,
        staff,
        public.caller(visits[0].token),
        visits[0],
        visits[1],
        foreign_staff,
        foreign_contact["id"],
        foreign["id"],
    )
