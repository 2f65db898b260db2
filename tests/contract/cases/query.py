"""The query of a GET: section 4.5."""

from ..answers import full, gunicorn
from ..case import Case, get
from .routes import ECHO

QUERIES = {
    "values": (
        "a=1&b=[1,2]&c=%22a%22&d=null&e=true&f=q&g=1.5&h=",
        r'{"a": 1, "b": [1, 2], "c": "a", "d": null, "e": true, "f": "q", "g": 1.5, "h": ""}',
        "4.5 values",
    ),
    "repeated": ("a=1&a=2&a=x", '{"a": [1, 2, "x"]}', "4.5 repeated"),
    "spaces": ("a=b+c%20d", '{"a": "b c d"}', "4.5 spaces"),
    "undecodable": ("a=%FF", '{"a": "%FF"}', "4.5 %FF"),
    "none": ("", "{}", "4.5 no query"),
    "umlaut": ("a=%C3%A4", r'{"a": "\u00e4"}', "observed query details"),
    "name-only": ("a", '{"a": ""}', "observed query details"),
    "value-only": ("=1", '{"": 1}', "observed query details"),
    "ampersands": ("&&", "{}", "observed query details"),
    "semicolon": ("a=1;b=2", '{"a": "1;b=2"}', "observed query details"),
    "nan": ("a=NaN&b=Infinity", '{"a": NaN, "b": Infinity}', "observed query details"),
    "object": ('a={"k":1}', '{"a": {"k": 1}}', "observed query details"),
    "leading-zero": ("a=01", '{"a": "01"}', "observed query details"),
    "nul": ("a=%00", r'{"a": "\u0000"}', "observed query details"),
    "encoded-name": ("%61=1", '{"a": 1}', "observed query details"),
    "case-of-names": ("a=1&A=2", '{"a": 1, "A": 2}', "observed query details"),
    "not-hexadecimal": ("a=%zz", '{"a": "%zz"}', "observed query details"),
    "two-equal-signs": ("a=1=2", '{"a": "1=2"}', "observed query details"),
}


def _as_json(text: str) -> bytes:
    return ('["str", "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"]').encode()


CASES = (
    *(
        Case(f"query-{name}", (row,), ECHO, get(f"/score?{query}" if query else "/score"), full(_as_json(parsed)))
        for name, (query, parsed, row) in QUERIES.items()
    ),
    Case(
        "query-raw-latin",
        ("observed query details", "4.8 Invalid Request Line"),
        ECHO,
        get("/score?a=\xe4"),
        gunicorn(
            "400 Bad Request",
            "Bad Request",
            "Invalid Request Line &#x27;Invalid HTTP request line: &#x27;GET /score?a=\xe4 HTTP/1.1&#x27;&#x27;",
        ),
    ),
)
