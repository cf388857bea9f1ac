# SPDX-License-Identifier: GPL-3.0-or-later
# conftest.py - fixtures: the certificates, a world per test, a time limit per test
import contextlib
import shutil
import signal
import sys
import tempfile

import pytest

from lib import netns
from lib.gateway import SANITIZED
from lib.pki import Pki
from lib.world import World

LIMIT = 90


def pytest_configure(config):
    """
    Files lie in a folder of this run's own: one of pytest's choice is shut again for other users
    by the next run that begins beside this one. It is kept where tests have failed.
    """
    if not config.option.basetemp and not hasattr(config, "workerinput"):
        config.option.basetemp = config.own_basetemp = tempfile.mkdtemp(prefix="attls-tests-")
    config.addinivalue_line("markers", "limit(seconds): the time limit of the test")
    config.addinivalue_line("markers", "sanitized: also run with the sanitized build")


def pytest_sessionfinish(session, exitstatus):
    own = getattr(session.config, "own_basetemp", None)
    if own and exitstatus == 0:
        shutil.rmtree(own, ignore_errors=True)


def pytest_collection_modifyitems(config, items):
    """The sanitized daemon is slow: it gets the tests marked for it."""
    if SANITIZED:
        wanted = [i for i in items if i.get_closest_marker("sanitized")]
        config.hook.pytest_deselected(items=[i for i in items if i not in wanted])
        items[:] = wanted


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    netns.sweep()
    return Pki(str(tmp_path_factory.mktemp("pki")))


@pytest.fixture(params=[4, 6], ids=["ipv4", "ipv6"])
def family(request):
    return request.param


@pytest.fixture(autouse=True)
def limit(request):
    """A test that hangs fails."""
    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else LIMIT

    def expired(_number, _frame):
        raise AssertionError(f"not done within {seconds} s")
    previous = signal.signal(signal.SIGALRM, expired)
    signal.alarm(seconds * (2 if SANITIZED else 1))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def make_world(request, tmp_path, pki):
    """Create worlds that are gone after the test, whatever happened."""
    worlds = []

    def make(family=4, **options):
        world = World(tmp_path / f"w{len(worlds)}", pki, family, **options)
        worlds.append(world)
        return world
    yield make
    failed = getattr(request.node, "failed", True)
    with contextlib.ExitStack() as stack:
        for world in worlds:
            stack.callback(_end, world, failed)


def _end(world, failed):
    """The files of a test that failed stay; captures of the others would fill the disk."""
    if failed:
        _show_logs(world)
    world.close(failed)
    if not failed:
        shutil.rmtree(world.directory, ignore_errors=True)


def _show_logs(world):
    for gateway in world.gateways:
        print(f"--- {gateway.log_path}\n{gateway.log()[-6000:]}", file=sys.stderr)


@pytest.fixture
def world(make_world, family):
    """client - wire - server, in IPv4 and in IPv6."""
    return make_world(family)


@pytest.fixture
def world4(make_world):
    """client - wire - server, for what does not depend on the address family."""
    return make_world(4)
