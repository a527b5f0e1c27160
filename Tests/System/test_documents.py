"""The lines in the documents that people copy, run against a new server: what is shown is what they print."""

import re
import subprocess

from api import Api, expect
from processes import REPOSITORY, poll

SERVER = "http://localhost:8000"  # as the documents write it
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "\x1e"


def blocks(document: str) -> list[tuple[str, str | None]]:
    """The shell blocks of a document, each with the output that is shown right behind it."""
    found = []
    for kind, text in FENCE.findall((REPOSITORY / document).read_text(encoding="utf-8")):
        if kind == "sh":
            found.append((text, None))
        elif kind in ("json", "text") and found and found[-1][1] is None:
            found[-1] = (found[-1][0], text)
    return found


def run(document: str, server) -> None:
    """All blocks in one shell, as somebody who reads from the top types them."""
    found = blocks(document)
    assert found, "nothing to run"
    script = "\n".join(f"printf '{MARK}'\n{text}" for text, _ in found).replace(SERVER, server.base_url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=300, cwd=server.directory
    )
    outputs = done.stdout.split(MARK)[1:]
    for (text, wanted), output in zip(found, outputs, strict=False):
        if wanted is not None:
            assert output == wanted, f"after\n{text}"
    shown = f"{document}, block {len(outputs)}:\n{found[len(outputs) - 1][0]}\n{outputs[-1]}\n{done.stderr}"
    assert done.returncode == 0 and len(outputs) == len(found), shown


def test_the_walk_through_administration(serve):
    server = serve()
    run("docs/administration.md", server)
    # What the walk prints of the figures depends on when; in the end they tell what happened.
    public = Api(server.base_url)
    admin = public.caller(public.login(password="seven wild geese")["access_token"])

    def figures():
        overview = expect(admin.get("admin/stats/overview"), 200)
        return overview if overview["conversations"]["resolved"] else None

    overview = poll(figures, 15, "figures")
    assert overview["conversations"]["created"] == 1 and overview["first_response"]["count"] == 1
    assert (overview["messages"]["agent"], overview["messages"]["notes"]) == (1, 1)
