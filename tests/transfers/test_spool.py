"""A queue between two threads that takes a bounded piece of memory."""

import threading

import pytest

from airflow_provider_vcc.transfers.databases.ahead import read_ahead
from airflow_provider_vcc.transfers.databases.spool import Spool


def test_what_does_not_fit_into_memory_waits_on_disk_and_comes_in_order():
    spool = Spool(2)
    for number in range(100):
        assert spool.put([number] * 10)
    assert (len(spool), spool.on_disk) == (100, 98)
    assert [spool.get()[0] for _ in range(50)] == list(range(50))
    for number in range(100, 120):
        spool.put([number] * 10)
    assert [spool.get()[0] for _ in range(70)] == list(range(50, 120))
    assert spool.get() is None
    spool.close()


def test_what_cannot_be_written_waits_until_there_is_space():
    spool, put = Spool(1), []
    thread = threading.Thread(target=lambda: [put.append(spool.put(threading.Lock())) for _ in range(3)])
    thread.start()
    assert [type(spool.get(None)) for _ in range(3)] == [type(threading.Lock())] * 3
    thread.join()
    assert put == [True] * 3
    spool.close()


def test_nothing_is_wanted_after_the_end():
    spool = Spool(1)
    spool.put(1)
    spool.close()
    assert (spool.put(2), spool.get(None)) == (False, None)


def test_reading_ahead_gives_all_in_order_and_raises_what_came_then():
    def pieces():
        yield from range(1000)
        raise ValueError("the end")

    given = []
    with pytest.raises(ValueError, match="the end"):
        given.extend(read_ahead(pieces, lambda: None))
    assert given == list(range(1000))


def test_a_reader_that_is_left_closes_what_it_read():
    closed = threading.Event()

    def pieces():
        try:
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    reading = read_ahead(pieces, lambda: None)
    next(reading)
    reading.close()
    assert closed.wait(5)
