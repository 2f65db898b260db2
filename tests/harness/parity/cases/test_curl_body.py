"""Bodies and fields of forms that curl makes; `test_curl.py` holds them against real curl."""

from __future__ import annotations

import pytest
from amlemu_harness.parity.cases.curl_body import data, parts, urlencoded
from amlemu_harness.parity.cases.curl_options import RefusedError
from amlemu_harness.parity.cases.forms import Part

FILES = {"f": b"a\r\nb\0c\n", "x.PNG": b"\x89", "d/t.txt": b"t"}
LOAD = FILES.__getitem__


@pytest.mark.parametrize(
    ("pairs", "body"),
    [
        ([], None),
        ([("data", "")], b""),
        ([("data", ""), ("data", "a")], b"a"),
        ([("data", "@f")], b"abc"),
        ([("data-binary", "@f"), ("data", "a")], b"a\r\nb\0c\n&a"),
        ([("data-raw", "@f")], b"@f"),
        ([("json", "["), ("json", "]")], b"[]"),
        ([("data-urlencode", "n@f")], b"n=a%0D%0Ab%00c%0A"),
    ],
)
def test_data_is_joined(pairs, body):
    assert data(pairs, LOAD) == body


def test_signs_that_need_it_are_encoded():
    assert urlencoded("é=a+b/c d~", LOAD) == "é=".encode() + b"a%2Bb%2Fc+d~"


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("a=b", Part("a", b"b")),
        ("a=b;type=text/x; charset=utf-8", Part("a", b"b", "", "text/x; charset=utf-8")),
        ('a="b;c\\"d"', Part("a", b'b;c"d')),
        ("a=@x.PNG", Part("a", b"\x89", "x.PNG", "image/png")),
        ("a=@d/t.txt;filename=n;type=a/b", Part("a", b"t", "n", "a/b")),
        ("a=<d/t.txt", Part("a", b"t")),
        ("=b", Part("", b"b")),
    ],
)
def test_a_field_is_read(value, part):
    assert parts([("form", value)], LOAD) == [part]


def test_a_field_without_a_value_is_refused():
    with pytest.raises(RefusedError):
        parts([("form", "a")], LOAD)
