"""Server-sent events over `POST …/messages`, read as they come."""

import contextlib
import json

from api import Api, check_response


class Events:
    """One SSE answer: each event as (event, id, envelope), comments counted."""

    def __init__(self, response):
        self.response = response
        self.comments = 0
        self.frames: list[dict] = []
        self._lines = response.iter_lines()

    def __iter__(self):
        return self

    def __next__(self) -> dict:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line == "":
                if fields:
                    return self._take(fields)
            elif line.startswith(":"):
                self.comments += 1
            else:
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                fields[name] = fields[name] + "\n" + value if name == "data" and name in fields else value
        raise StopIteration

    def _take(self, fields: dict[str, str]) -> dict:
        frame = json.loads(fields["data"])
        assert fields.get("event") == frame["type"], f"event: {fields.get('event')} but data says {frame['type']}"
        if "seq" in frame:
            assert fields.get("id") == str(frame["seq"]), f"id: {fields.get('id')} but seq is {frame['seq']}"
        else:
            assert "id" not in fields, f"a passing frame with id: {fields['id']}"
        self.frames.append(frame)
        return frame

    def until(self, kind: str, where=None) -> dict:
        """The next frame of this type (that fits)."""
        for frame in self:
            if frame["type"] == kind and (where is None or where(frame)):
                return frame
        raise AssertionError(f"the stream ended before {kind}: {[frame['type'] for frame in self.frames]}")


@contextlib.contextmanager
def say(api: Api, conversation: str, content: str, **fields):
    """Sends a message and yields the stream of its reply."""
    request = api.http.stream(
        "POST",
        f"/api/v1/chat/conversations/{conversation}/messages",
        json={"content": content, **fields},
        headers={"Accept": "text/event-stream"},
    )
    with request as response:
        check_response(response)
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream"), response.headers
        yield Events(response)
