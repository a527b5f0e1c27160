"""Fixtures. A `server` belongs to a module; a test that kills or reconfigures one makes its own with `serve`."""

import asyncio
import inspect
import itertools
import os
import subprocess
from pathlib import Path

import pytest

import artifacts
import server as process
from api import Api, admin
from cluster import SECRETS
from fake_upstream import FakeUpstream
from server import Server
from servers import MariaDB, Redis, Template
from words import BOTH
from world import SECRET, World, make


def pytest_addoption(parser):
    parser.addoption(
        "--database",
        choices=["sqlite", "mysql"],
        default="sqlite",
        help="what the servers of the tests keep their data in: a file each, or a database each on MariaDB, with Redis",
    )


def pytest_configure(config):
    artifacts.FOLDER.mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs `async def` tests in an event loop of their own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(pyfuncitem.obj(**arguments))
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the end of its server's log."""
    report = (yield).get_result()
    item.failed = report.when == "call" and report.failed
    if not item.failed:
        return
    for name, value in item.funcargs.items():
        if isinstance(value, Server):
            report.sections.append((f"log of {name}", value.log_tail(8)))


@pytest.fixture(scope="session")
def template():
    """An installed MariaDB folder to copy."""
    made = Template()
    yield made
    made.remove()


@pytest.fixture(scope="session", autouse=True)
def databases(request):
    """With `--database mysql`, one MariaDB and one Redis for the whole run, and a new database for each server."""
    if request.config.getoption("--database") == "sqlite":
        yield
        return
    with MariaDB(request.getfixturevalue("template").folder()) as mariadb, Redis() as redis:
        mariadb.start()
        redis.start()
        numbers = itertools.count(1)

        def new_database() -> dict[str, str]:
            name = f"chat{next(numbers)}"
            mariadb.create_database(name)
            return {**SECRETS, "DATABASE_URL": mariadb.url(name), "REDIS_URL": redis.url()}

        process.new_database = new_database
        yield
        process.new_database = None


@pytest.fixture(scope="module")
def server(request):
    """A server with the sample knowledge: with the built-in assistant, or with the fake model that `MODEL` names."""
    model = getattr(request.module, "MODEL", None)
    environment = request.getfixturevalue("upstream").environment(model) if model else {}
    with Server(environment) as running:
        yield running.start()


@pytest.fixture(scope="module")
def upstream():
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(autouse=True)
def plain_upstream(request):
    """Where a module has a fake model, each test begins with one that answers in the language it was asked in: briefly, or
    as long as `ANSWERS` says."""
    if not getattr(request.module, "MODEL", None):
        yield
        return
    fake = request.getfixturevalue("upstream")
    fake.behaviour = None
    length = getattr(request.module, "ANSWERS", "answer")
    fake.answers = {language.question: getattr(language, length) for language in BOTH}
    fake.release()
    yield
    fake.release()


@pytest.fixture
def serve():
    """Makes servers that end with the test: `serve(KEY="value")`; `start=False` leaves it unstarted."""
    made = []

    def make(start: bool = True, **environment: str) -> Server:
        made.append(Server(environment))
        return made[-1].start() if start else made[-1]

    yield make
    for each in made:
        each.remove()


@pytest.fixture
def small_disk():
    """A file system of its own, 24 MB small."""
    folder = Path(f"/tmp/chat-disk-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    assert mounted.returncode == 0, f"cannot mount a tmpfs: {mounted.stderr}"
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture(scope="module")
def staff(server) -> Api:
    return admin(server)


@pytest.fixture(scope="module")
def public(server) -> Api:
    return Api(server.base_url)


@pytest.fixture(scope="session")
def world():
    """For tests of bad input: one server for all of them, since nothing they do may change anything."""
    with Server({"JWT_SECRET": SECRET}) as running:
        yield make(running.start())


@pytest.fixture
def nothing_changes(world: World):
    """After the test everything is as it was, and the process is the same."""
    world.before = world.before or world.state()
    pid = world.server.pid
    yield
    assert world.server.running and world.server.pid == pid
    before, world.before = world.before, world.state()
    assert world.before == before
    assert "Fatal error" not in world.server.logs()
