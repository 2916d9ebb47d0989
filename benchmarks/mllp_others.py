"""The listeners of python-hl7 and hl7apy, measured as ours is: messages a second over MLLP.

    python -m benchmarks.mllp_others

They keep nothing: an answer says that the message was split, not that it lies on disk. hl7apy
closes its connection after each message, so each has one of its own.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.unit.adapters import hl7_messages as messages
from tests.unit.adapters.mllp_sender import Sender, codes, free_port

_SECONDS = 3.0
_LARGE = 150_000


@contextmanager
def python_hl7() -> Iterator[int]:
    """Its asyncio server; ``limit`` raised, or a message over 64 kB hangs it."""
    from hl7.mllp import start_hl7_server

    port, ready, loop = free_port(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def answer(reader, writer) -> None:  # type: ignore[no-untyped-def]
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                writer.writemessage(message.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    async def serve() -> None:
        async with await start_hl7_server(
            answer, "127.0.0.1", port, encoding="utf-8", limit=16_000_000
        ):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@contextmanager
def hl7apy() -> Iterator[int]:
    """Its threading server, answering as its documentation shows."""
    from hl7apy.mllp import AbstractHandler, MLLPServer
    from hl7apy.parser import parse_message

    class Answer(AbstractHandler):  # type: ignore[misc]
        def reply(self) -> str:
            read = parse_message(self.incoming_message, find_groups=False)
            control = read.msh.msh_10.value
            return f"\x0bMSH|^~\\&|B|B|A|A|20261122||ACK|1|P|2.5\rMSA|AA|{control}\r\x1c\r"

    port = free_port()
    kinds = {"ADT^A08": (Answer,), "ADT^A08^ADT_A01": (Answer,), "MDM^T02^MDM_T02": (Answer,)}
    server = MLLPServer("127.0.0.1", port, kinds)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def rate(port: int, *, kept: bool, seconds: float = _SECONDS) -> float:
    """Messages a second of one sender that waits for each answer; ``kept``: one connection."""

    def send(sender: Sender, number: int) -> None:
        assert codes(sender.send(messages.adt("A08", f"R{number}"))) == ["AA"]

    return _counted(port, send, kept, seconds)


def _counted(port: int, send: Callable[[Sender, int], None], kept: bool, seconds: float) -> float:
    began, number = time.perf_counter(), 0
    if kept:
        with Sender(port) as sender:
            while time.perf_counter() - began < seconds:
                send(sender, number)
                number += 1
    else:
        while time.perf_counter() - began < seconds:
            with Sender(port) as sender:
                send(sender, number)
            number += 1
    return number / (time.perf_counter() - began)


def large(port: int) -> float:
    """Milliseconds until a message of 200 kB is answered."""
    content = messages.mdm("T02", "BIG", size=_LARGE)
    with Sender(port) as sender:
        began = time.perf_counter()
        assert codes(sender.send(content)) == ["AA"]
        return (time.perf_counter() - began) * 1000


def measured() -> dict[str, dict[str, float]]:
    """By library: messages a second, milliseconds of a large one."""
    found = {}
    for name, serving, kept in (("python-hl7", python_hl7, True), ("hl7apy", hl7apy, False)):
        with serving() as port:
            found[name] = {
                "messages/s, 1 connection, one in flight": round(rate(port, kept=kept)),
                "200 kB message, ms": round(large(port), 1),
            }
    return found


if __name__ == "__main__":
    for library, numbers in measured().items():
        for what, value in numbers.items():
            print(f"{library}: {what}: {value:,}")
