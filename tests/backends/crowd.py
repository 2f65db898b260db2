"""Many clients at once, as bare as a client can be: one connection each, a request, and all bytes until it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

PATIENCE_S = 25.0


@dataclass(frozen=True)
class End:
    """How a request ended: `body` is None where the connection closed without an answer."""

    name: str
    body: bytes | None = None
    broken: str = ""  # something else than an answer or a close


async def ask(port: int, name: str, text: str) -> End:
    """Send one request and wait for its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /score HTTP/1.1\r\nHost: here\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\n\r\n"
    try:
        writer.write((head + text).encode())
        answer = await reader.read(-1)
    except ConnectionError as error:
        return End(name, broken=repr(error))
    finally:
        writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    if not answer:
        return End(name)
    if not top.startswith(b"HTTP/1.1 200 OK\r\n") or f"\r\nContent-Length: {len(body)}".encode() not in top:
        return End(name, broken=repr(answer[:300]))
    return End(name, body)


async def _ask_all(port: int, texts: Iterable[tuple[str, str]], each: Callable[[End], None], at_once: int) -> list[End]:
    places = asyncio.Semaphore(at_once)

    async def one(name: str, text: str) -> End:
        async with places:
            end = await ask(port, name, text)
        each(end)
        return end

    waiting = asyncio.gather(*(one(name, text) for name, text in texts))
    return await asyncio.wait_for(waiting, PATIENCE_S)


def ask_all(
    port: int,
    texts: Iterable[tuple[str, str]],
    each: Callable[[End], None] = lambda end: None,
    *,
    at_once: int = 10_000,
) -> list[End]:
    """Send all requests (name, text), so many at once; `each` is told of every end. Returns them in the order of `texts`."""
    return asyncio.run(_ask_all(port, texts, each, at_once))
