"""Pages for what is no request; each case's words are held by the contract suite."""

from __future__ import annotations

from amlemu.gateway import refusals


def test_a_page_is_gunicorns() -> None:
    """No Server, no Date: only gunicorn's three headers, and its words escaped."""
    refused = refusals.bad_header("<X>")

    names = [name for name, _ in refused.response.headers]
    assert names == ["Connection", "Content-Type", "Content-Length"]
    assert b"Invalid HTTP Header: &#x27;&lt;X&gt;&#x27;" in refused.response.body
    assert str(refused) == "Invalid HTTP Header: '<X>'"


def test_the_log_says_less_than_the_page() -> None:
    """For a request line gunicorn's log has the inner words only."""
    refused = refusals.bad_line("GET")

    assert str(refused) == "Invalid HTTP request line: 'GET'"
    assert b"Invalid Request Line &#x27;Invalid HTTP request line: &#x27;GET&#x27;&#x27;" in refused.response.body
