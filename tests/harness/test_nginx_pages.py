"""Pages that nginx writes by itself, told from answers of the server's that look alike."""

from __future__ import annotations

import pytest
from amlemu.exchange import Response
from amlemu_harness.nginx_pages import page_of

from .box import PAGE

BAD_GATEWAY = PAGE.format("502 Bad Gateway").encode()
PADDING = b"<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n" * 6


def answer(status: int, body: bytes, server: str = "nginx/1.22.1", kind: str = "text/html") -> Response:
    return Response(status, "", [("Server", server), ("Content-Type", kind)], body)


@pytest.mark.parametrize(
    ("response", "status"),
    [
        pytest.param(answer(502, BAD_GATEWAY), 502, id="502"),
        pytest.param(answer(502, BAD_GATEWAY + PADDING), 502, id="for-chrome"),
        pytest.param(answer(502, BAD_GATEWAY.replace(b"nginx/1.22.1", b"nginx"), "nginx"), 502, id="server_tokens-off"),
        pytest.param(answer(504, PAGE.format("504 Gateway Time-out").encode()), 504, id="504"),
        pytest.param(answer(413, PAGE.format("413 Request Entity Too Large").encode()), 413, id="413"),
    ],
)
def test_a_page_of_nginx_is_recognised(response: Response, status: int) -> None:
    """Contract 3.5: 157 bytes for 502, 167 for 504, with the version of the observed nginx."""
    assert page_of(response) == status


def test_the_observed_pages_have_these_sizes() -> None:
    sizes = [len(PAGE.format(title)) for title in ("502 Bad Gateway", "504 Gateway Time-out")]

    assert sizes == [157, 167]


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(answer(502, b"mine", kind="application/json"), id="json"),
        pytest.param(answer(502, b"<html>mine</html>"), id="html"),
        pytest.param(answer(502, BAD_GATEWAY.replace(b"\r\n", b"\n")), id="other-line-ends"),
        pytest.param(answer(502, BAD_GATEWAY, server="mine"), id="another-server"),
        pytest.param(answer(500, BAD_GATEWAY), id="another-status"),
        pytest.param(answer(200, BAD_GATEWAY), id="200"),
        pytest.param(Response(502, "", [("Server", "nginx"), ("Content-Type", "text/html")], iter([BAD_GATEWAY])), id="stream"),
    ],
)  # fmt: skip
def test_an_answer_of_the_server_s_is_its_own(response: Response) -> None:
    assert page_of(response) == 0
