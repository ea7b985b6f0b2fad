import socket

import pytest

from ticketsync.embedded import NoFreePort, free_port


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_a_free_preferred_port_is_taken() -> None:
    port = free_port(0)
    assert free_port(port) == port


def test_any_port_is_none_that_the_system_hands_to_others_meanwhile() -> None:
    assert all(free_port(0) < 32768 for _ in range(100))


def test_a_taken_port_is_answered_with_the_next_free_one(taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        assert port < free_port(port) <= port + 200


def test_a_port_taken_on_all_addresses_is_taken_on_loopback_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:  # noqa: S104 - that is the case
        port = everywhere.getsockname()[1]
        assert free_port(port) != port


def test_beyond_the_highest_port_there_is_none() -> None:
    with pytest.raises(NoFreePort, match="from 65536 on"):
        free_port(65536)


def test_the_port_of_connections_just_closed_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            server.accept()[0].close()  # the server closes first: its port stays behind in TIME_WAIT
    assert free_port(address[1]) == address[1]
