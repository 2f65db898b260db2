"""A thousand tests of one script."""

from __future__ import annotations

import pytest

BODY = '{"data": [[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]]}'


@pytest.mark.parametrize("number", range(1000))
def test_one(client, number):
    assert client.score(BODY)
