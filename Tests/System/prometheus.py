"""What `/metrics` shows, read as text and by Prometheus itself."""

import re
import subprocess
from dataclasses import dataclass, field

import httpx

from processes import Process, program
from server import Server

SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)(?:\{(?P<labels>.*)\})? (?P<value>[^ ]+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


@dataclass
class Page:
    """One scrape."""

    text: str
    types: dict[str, str] = field(default_factory=dict)
    helps: dict[str, str] = field(default_factory=dict)
    samples: dict[tuple, float] = field(default_factory=dict)

    def __post_init__(self):
        assert self.text.endswith("\n") and "\n\n" not in self.text
        for line in self.text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.removeprefix("# TYPE ").split(" ")
                assert name not in self.types, f"twice: {line}"
                self.types[name] = kind
            elif line.startswith("# HELP "):
                name, _, text = line.removeprefix("# HELP ").partition(" ")
                self.helps[name] = text
            else:
                match = SAMPLE.match(line)
                assert match, f"no sample: {line}"
                labels = match["labels"] or ""
                assert LABEL.sub("", labels) == "", f"no labels: {line}"
                key = (match["name"], *sorted(LABEL.findall(labels)))
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(match["value"])

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name that have these labels."""
        wanted = set(labels.items())
        return sum(value for key, value in self.samples.items() if key[0] == name and wanted <= set(key[1:]))

    def series(self, name: str) -> list[dict[str, str]]:
        return [dict(key[1:]) for key in self.samples if key[0] == name]


def scrape(server: Server, token: str | None = None) -> Page:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{server.base_url}/metrics", headers=headers, timeout=10, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Page(answer.text)


def faults(text: str) -> str:
    """What Prometheus' own checker finds wrong with a page; empty for nothing."""
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=30
    )
    said = checked.stdout + checked.stderr
    return said or ("" if checked.returncode == 0 else f"exit code {checked.returncode}")


class Prometheus(Process):
    """A Prometheus that scrapes one server every second."""

    name = "prometheus"

    def __init__(self, server: Server, token: str | None = None):
        super().__init__()
        credentials = f"authorization: {{credentials: {token}}}" if token else ""
        (self.directory / "prometheus.yml").write_text(
            f"""\
scrape_configs:
  - job_name: chat-api
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs: [{{targets: ["127.0.0.1:{server.port}"]}}]
    {credentials}
"""
        )

    def command(self) -> list[str]:
        return [
            program("prometheus"),
            f"--config.file={self.directory}/prometheus.yml",
            f"--storage.tsdb.path={self.directory}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def query(self, expression: str) -> list[dict]:
        """The series that an expression gives now, each with `metric` and `value`."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=10, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["result"]

    def value(self, expression: str) -> float | None:
        """The sum of what an expression gives; nothing when it gives no series."""
        series = self.query(expression)
        return sum(float(each["value"][1]) for each in series) if series else None

    def target(self) -> dict:
        """How the scrapes go: `health`, `lastError`."""
        answer = httpx.get(f"{self.url}/api/v1/targets", timeout=10, trust_env=False)
        return answer.json()["data"]["activeTargets"][0]
