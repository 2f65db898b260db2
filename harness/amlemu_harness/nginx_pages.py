"""
The pages that a container's nginx writes when its server is silent, or when it does not even ask it; told from the server's own answers.

The emulator's imitation of them is `amlemu.gateway.container`.

Source: nginx 1.22.1, ngx_http_special_response.c; contract 3.5.
"""

from __future__ import annotations

import re

from amlemu.exchange import Response

TOO_LARGE, SILENT, TOO_SLOW = 413, 502, 504
# Nobody but nginx writes this: the server has no such page, and a script would have to copy it, line ends included. Browsers of old
# get it with some padding.
_PAGE = re.compile(
    rb"<html>\r\n<head><title>(?P<title>(?P<status>\d{3}) [^<]+)</title></head>\r\n<body>\r\n"
    rb"<center><h1>(?P=title)</h1></center>\r\n<hr><center>nginx[^<]*</center>\r\n</body>\r\n</html>\r\n"
    rb"(?:<!-- a padding [^\r\n]*\r\n)*"
)


def page_of(response: Response) -> int:
    """Return the status of a page that nginx has written by itself; 0 for an answer of the server's."""
    if response.status < 400 or not isinstance(response.body, bytes):
        return 0
    if not (response.header("server") or "").startswith("nginx") or response.header("content-type") != "text/html":
        return 0
    found = _PAGE.fullmatch(response.body)
    return response.status if found is not None and int(found["status"]) == response.status else 0
