"""Fixtures. A `server` belongs to a module; a test that kills or reconfigures one makes its own with `serve`."""

import asyncio
import inspect
import os
from pathlib import Path

import pytest

from api import Api, admin
from fake_upstream import FakeUpstream
from server import Server


def pytest_configure(config):
    Path(artifacts()).mkdir(parents=True, exist_ok=True)


def artifacts() -> Path:
    """Where screenshots, histories and traces go; kept after the run."""
    return Path(os.environ.get("CHAT_API_TEST_ARTIFACTS") or "/tmp/chat-api-tests")


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
    if report.when != "call" or not report.failed:
        return
    for name, value in item.funcargs.items():
        if isinstance(value, Server):
            report.sections.append((f"log of {name}", value.log_tail(25)))


@pytest.fixture(scope="module")
def server():
    """A server with the built-in assistant and the sample knowledge."""
    with Server() as running:
        yield running.start()


@pytest.fixture(scope="module")
def upstream():
    with FakeUpstream() as fake:
        yield fake


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


@pytest.fixture(scope="module")
def staff(server) -> Api:
    return admin(server)


@pytest.fixture(scope="module")
def public(server) -> Api:
    return Api(server.base_url)
