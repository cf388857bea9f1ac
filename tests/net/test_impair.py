# SPDX-License-Identifier: GPL-3.0-or-later
# test_impair.py - the impairment program itself, without a gateway: it does what it is told
import time

import pytest

from lib import traffic
from lib.impair import Impairment
from lib.world import canary

PORT = 7100
MEGABYTE = 1 << 20


@pytest.fixture
def impaired(world):
    world.impairment = world.closing(Impairment(world.wire, world.directory))
    return world


def carry(world, size, word=b"", **options):
    """@size bytes up over the impaired path; returns the counters of (up, down)."""
    world.impairment.start(**options)
    server = world.serve(traffic.sink, PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, size, 1, word=word)
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, sent)]
    counters = world.impairment.stop()
    return counters["up"], counters["down"]


def test_unimpaired_path_changes_nothing(impaired):
    for lane in carry(impaired, 8 * MEGABYTE):
        assert lane["packets"] == lane["delivered"] > 100
        assert lane["lost"] + lane["duplicated"] + lane["reordered"] + lane["corrupted"] == 0


def test_packets_are_of_the_size_of_the_path(impaired):
    up, _ = carry(impaired, 4 * MEGABYTE)
    assert up["packets"] > 4 * MEGABYTE // 1500


@pytest.mark.parametrize("spec, name", [
    ("loss=2%", "lost"), ("loss=2%,burst=3", "lost"), ("duplicate=3%", "duplicated"),
    ("reorder=3%,reorder_delay=2ms", "reordered"), ("corrupt=2%", "corrupted")])
def test_each_impairment_happens_as_often_as_it_was_asked_for(impaired, spec, name):
    up, down = carry(impaired, 4 * MEGABYTE, up=spec, down="")
    assert 0.008 < up[name] / up["packets"] < 0.06
    assert down[name] == 0


def lost_syns(world, seed):
    """How many SYNs were lost on a path that loses every other packet, until one was refused."""
    world.impairment.start(up="loss=50%", down="", seed=seed)
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)
    return world.impairment.stop()["up"]["lost"]


def test_same_seed_loses_the_same(impaired):
    first, again = ([lost_syns(impaired, seed) for seed in range(1, 6)] for _ in range(2))
    assert first == again
    assert len(set(first)) > 1


def test_packets_are_delayed(impaired):
    impaired.impairment.start("delay=100ms")
    impaired.serve(traffic.echo, PORT)
    began = time.monotonic()
    impaired.connect(PORT)
    assert time.monotonic() - began > 0.2


def test_full_queue_of_a_slow_link_drops(impaired):
    up, down = carry(impaired, 2 * MEGABYTE, up="delay=10ms,rate=20mbit,queue=30000", down="")
    assert up["tail_drops"] > 0 and down["tail_drops"] == 0


def test_clear_canary_is_counted(impaired):
    word = canary()
    up, down = carry(impaired, MEGABYTE, word, canary=word)
    assert 200 < up["canaries"] < 2000 and down["canaries"] == 0
