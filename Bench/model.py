"""The scripted model (`Tests/ModelUpstream`) as a process beside the server. Standard library only."""

import http.client
import json
import subprocess
from pathlib import Path


class Model:
    """Answers at a given pace, and notes when requests arrived and first tokens left. Ends with its `with`."""

    def __init__(self, binary: Path):
        self.binary = binary

    def __enter__(self) -> "Model":
        # It ends when its standard input does, which is when this process does.
        self.process = subprocess.Popen([self.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ports = json.loads(self.process.stdout.readline())
        self.port, self.control_port = ports["port"], ports["control_port"]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()

    def environment(self) -> dict[str, str]:
        """Of a server that asks nobody else."""
        return {
            "AI_PROVIDERS": "openai",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1",
            "OPENAI_MODEL": "ok",
        }

    def order(self, **orders):
        self._ask("POST", "/_control", orders)

    def calls(self) -> list[dict]:
        """All so far, oldest first. Times are of the machine's monotonic clock, in nanoseconds."""
        return self._ask("GET", "/_control/calls")["calls"]

    def _ask(self, method: str, path: str, body: dict | None = None) -> dict:
        connection = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=60)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            value = json.loads(answer.read())
            if answer.status != 200:
                raise RuntimeError(f"{method} {path}: {value}")
            return value
        finally:
            connection.close()
