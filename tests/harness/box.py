"""A container in forty lines: a web server that a test starts and ends, and words that it lets it say."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from amlemu_harness.containers import State

READY = "2026-11-22 09:43:53,130 I [43] azmlinfsrv - Worker with pid 43 ready for serving traffic\n"
PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)


class FakeBox:
    """`house.Box`. `answer` gets a path and returns status, headers, body; `boots` is called at each start."""

    name: str = "box"
    replaced: tuple[str, ...] = ()

    def __init__(self, boots: Any = lambda box: box.says("stderr", READY)) -> None:
        self.boots, self.starts, self.status, self.code, self.is_lost = boots, 0, "created", 0, False
        self.answer: Any = lambda path: (200, {"Content-Type": "text/plain"}, b"Healthy")

    def start(self) -> None:
        box, self.over = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = box.answer(self.path)
                self.send_response_only(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.starts, self.status = self.starts + 1, "running"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.boots(self)

    def ends(self, code: int, status: str = "exited") -> None:
        if self.status == "running":
            self.code, self.status = code, status
            self.server.shutdown()
            self.server.server_close()
            self.over.set()
            self.said.put(None)

    def says(self, stream: str, text: str) -> None:
        self.said.put((stream, text.encode()))

    def attach(self) -> Iterator[tuple[str, bytes]]:
        self.said = queue.SimpleQueue[Any]()
        return iter(self.said.get, None)

    def stop(self, patience_s: float = 5) -> None:
        self.ends(137)

    def remove(self) -> None:
        self.ends(137)
        self.status = "removed"

    def wait(self) -> int:
        self.over.wait()
        return self.code

    def state(self) -> State:
        return State(self.status, self.code, self.status == "running", was_out_of_memory=False, error="")

    def address(self, port: int = 5001) -> tuple[str, int]:
        return "127.0.0.1", self.server.server_address[1]
