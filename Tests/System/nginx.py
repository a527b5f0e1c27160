"""A private nginx that runs the shipped configuration, with addresses, ports and folders put in."""

import contextlib
import re
import socket
import subprocess
from pathlib import Path

from processes import REPOSITORY, Process, free_port, program

SHIPPED = REPOSITORY / "deploy" / "nginx"
# What a distribution's own nginx.conf says around the site. In a single process, so that it ends with its pid, and so
# that tests can tell which connection is used again.
MAIN = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx(Process):
    """`addresses`: for each upstream of the shipped file, the ports of its nodes."""

    name = "nginx"

    def __init__(self, site: str, addresses: dict[str, list[int]], tls: bool = False):
        super().__init__()
        self.site = site
        self.addresses = addresses
        self.tls = tls
        self.redirect_port = free_port()
        self.access_log = self.directory / "access.log"
        (self.directory / "snippets").mkdir()
        if tls:
            self._make_certificate()

    @property
    def base_url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        self.write()
        folder = str(self.directory)
        return [program("nginx"), "-e", f"{folder}/error.log", "-p", folder, "-c", f"{folder}/nginx.conf"]

    def ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def check(self) -> subprocess.CompletedProcess:
        """`nginx -t`."""
        return subprocess.run([*self.command(), "-t"], capture_output=True, text=True, timeout=30)

    def logged(self) -> str:
        return self.access_log.read_text() if self.access_log.exists() else ""

    # The shipped files, for this machine

    def write(self):
        (self.directory / "nginx.conf").write_text(MAIN.format(folder=self.directory))
        (self.directory / "site.conf").write_text(self._localized(SHIPPED / self.site))
        for snippet in (SHIPPED / "snippets").iterdir():
            (self.directory / "snippets" / snippet.name).write_text(self._localized(snippet))

    def _localized(self, shipped: Path) -> str:
        text = shipped.read_text()
        if self.tls:
            # As the file itself says: sed -e 's/#tls //' -e '/#plain$/d'
            text = "".join(line for line in text.splitlines(True) if not line.rstrip().endswith("#plain"))
            text = text.replace("#tls ", "").replace("/etc/letsencrypt/live/chat.example.com", str(self.directory))
            text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
            text = text.replace("listen 80", f"listen 127.0.0.1:{self.redirect_port}")
        else:
            text = text.replace("listen 80", f"listen 127.0.0.1:{self.port}")
        text = re.sub(r"(?m)^\s*listen \[::\].*\n", "", text)
        text = text.replace("/var/log/nginx/chat-api.log", str(self.access_log))
        return re.sub(r"(?ms)^upstream (\w+) \{.*?^\}", self._upstream, text)

    def _upstream(self, block: re.Match) -> str:
        """The block with its first `server` line repeated for each node; the line's own parameters stay."""
        ports = iter(self.addresses[block.group(1)])
        lines = []
        for line in block.group().splitlines():
            server = re.match(r"(\s*server )\S+?( .*)?;$", line)
            if not server:
                lines.append(line)
                continue
            lines += [f"{server.group(1)}127.0.0.1:{port}{server.group(2) or ''};" for port in ports]
        return "\n".join(lines)

    def _make_certificate(self):
        made = subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", self.directory / "privkey.pem", "-out", self.directory / "fullchain.pem"),
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert made.returncode == 0, made.stderr
