"""The port of the function app, from one host to the next."""

import socket

import pytest

from emulation.failure import Failed
from emulation.local.door import Door


def connects(port):
    with socket.socket() as probe:
        probe.settimeout(30)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_that_is_taken_is_said_at_once(unused_port):
    with socket.create_server(("127.0.0.1", unused_port)), pytest.raises(Failed, match=f"port {unused_port} is taken"):
        Door(unused_port)


def test_it_stays_open_is_closed_when_nobody_would_answer_and_keeps_its_port():
    door = Door(0)
    port = door.open().getsockname()[1]
    try:
        assert door.open().getsockname()[1] == port
        assert connects(port)
        door.close()
        assert not connects(port)
        assert door.open().getsockname()[1] == port
        assert connects(port)
        door.close()
        with socket.create_server(("127.0.0.1", port)), pytest.raises(Failed, match=f"port {port} cannot be used"):
            door.open()
    finally:
        door.close()


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
