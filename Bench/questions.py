"""What is asked of an installation with a past: lists, searches, a page of a history, figures."""

import time
import urllib.parse


def questions(ask) -> list[tuple[str, str, str | None]]:
    """Each with a name, a path and the token of who asks (none: an administrator), for an installation that
    `chat-api generate` filled. `ask` makes a request as its administrator."""
    listed = ask("GET", "chat/conversations?limit=100&status=open&owner=agent")["items"]
    newest = listed[0]
    agent = newest["owner"]["id"]
    mail = next(each["contact"]["email"] for each in listed if each["contact"]["email"])
    # The number at the end of a subject is an order's, which few share.
    order = next(
        each["subject"].split()[-1] for each in listed if each["subject"] and each["subject"].split()[-1].isdigit())
    contact = newest["contact"]["id"]
    inbox = newest["inbox_id"]
    teams = ask("GET", "admin/teams")["items"]
    users = ask("GET", "admin/users?limit=100")["items"]
    email = next(user["email"] for user in users if user["id"] == agent)
    login = ask("POST", "auth/login", {"email": email, "password": "generated-agents-only"})
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 20 * 86_400))
    name = urllib.parse.quote_plus(newest["contact"]["name"])
    questions = [
        ("none", ""), ("`status=open`", "status=open"), ("`status=closed`", "status=closed"),
        ("`priority=urgent`", "priority=urgent"), ("`owner=none`", "owner=none"), ("`owner=agent`", "owner=agent"),
        ("`assignee`", f"assignee={agent}"), ("`team_id`", f"team_id={teams[0]['id']}"),
        ("`inbox_id`", f"inbox_id={inbox}"), ("`label=vip`", "label=vip"), ("`contact_id`", f"contact_id={contact}"),
        ("`updated_since`", f"updated_since={since}"), ("`sort=updated_at`", "sort=updated_at"),
        ("`status`, `owner`", "status=resolved&owner=agent"),
        ("`status`, `assignee`", f"status=resolved&assignee={agent}"),
        ("`status`, `inbox_id`", f"status=closed&inbox_id={inbox}"),
        ("`status`, `priority`", "status=closed&priority=urgent"),
        ("`status`, `label`", "status=closed&label=vip"),
        ("`owner`, `inbox_id`", f"owner=agent&inbox_id={inbox}"),
        ("`q`, an order's number", f"q={order}"),
        ("`q`, an e-mail", f"q={urllib.parse.quote_plus(mail)}"), ("`q`, a full name", f"q={name}"),
    ]
    agents = login["access_token"]
    return [(f"conversations: {name}", f"chat/conversations?limit=50&{query}", None) for name, query in questions] + [
        ("conversations of an agent's scope", "chat/conversations?limit=50", agents),
        ("contacts: none", "contacts?limit=50", None),
        ("contacts: `q`, an e-mail", f"contacts?limit=50&q={urllib.parse.quote_plus(mail)}", None),
        ("contacts: `q`, a full name", f"contacts?limit=50&q={name}", None),
        ("contacts: `email`", f"contacts?limit=50&email={urllib.parse.quote_plus(mail)}", None),
        ("messages of a conversation", f"chat/conversations/{newest['id']}/messages?before=1000000&limit=50", None),
        ("statistics overview", "admin/stats/overview", None),
    ]
