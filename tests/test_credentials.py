"""Keys and tokens: made, kept, replaced, told apart; and what is said to whoever has none."""

from __future__ import annotations

import json
import os
import stat
import time

import jwt
import pytest
from amlemu.credentials import KeyFile, Keyring, Keys, has_secrets, make_token, without_secrets
from amlemu.errors import UsageError
from amlemu.exchange import Request, Response

NO_HEADER = "no Authorization header; expected Authorization: Bearer <key or token>"
NO_BEARER = "the Authorization header is no Bearer <key or token>"
NO_KEY = "the key is neither the primary nor the secondary one (amlemu keys)"
NO_TOKEN = "no token of this endpoint (amlemu token makes one)"


@pytest.fixture
def file(tmp_path):
    return KeyFile(tmp_path / ".amlemu")


def refusal_of(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


# the file


def test_keys_are_made_when_they_are_first_asked_for(file, tmp_path):
    """And stay what they are, for every process that asks."""
    assert not (tmp_path / ".amlemu").exists()

    keys = file.keys()

    assert len({keys.primary, keys.secondary, keys.signing}) == 3
    assert min(map(len, (keys.primary, keys.secondary, keys.signing))) >= 32
    assert file.keys() == KeyFile(tmp_path / ".amlemu").keys() == keys


def test_the_file_is_its_owners_and_never_committed(file, tmp_path):
    """Mode 600, beside a .gitignore of everything; no draft stays."""
    file.keys()
    folder = tmp_path / ".amlemu"

    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_text(encoding="ascii") == "*\n"
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "keys.json"]


@pytest.mark.parametrize(("which", "other"), [("primary", "secondary"), ("secondary", "primary")])
def test_one_key_is_replaced_and_the_rest_stays(file, which, other):
    """Contract 1.4: keys can be regenerated, either works; tokens live on."""
    old = file.keys()
    new = file.regenerate(which)

    assert getattr(new, which) != getattr(old, which)
    assert getattr(new, other) == getattr(old, other)
    assert new.signing == old.signing


def test_keys_that_somebody_else_has_replaced_are_noticed(file, tmp_path):
    """Also within the same tick of the file system's clock."""
    path = tmp_path / ".amlemu" / "keys.json"
    file.keys()
    at = path.stat().st_mtime_ns
    new = KeyFile(tmp_path / ".amlemu").regenerate("primary")
    os.utime(path, ns=(at, at))

    assert file.keys() == new


def test_keys_that_were_removed_are_made_anew(file, tmp_path):
    old = file.keys()
    (tmp_path / ".amlemu" / "keys.json").unlink()

    assert file.keys() != old


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="half"),
        pytest.param("[]", id="list"),
        pytest.param('{"primary": "a"}', id="too-few"),
        pytest.param('{"primary": "a", "secondary": "b", "signing": "c", "more": "d"}', id="too-many"),
        pytest.param('{"primary": 1, "secondary": "b", "signing": "c"}', id="number"),
        pytest.param('{"primary": "", "secondary": "b", "signing": "c"}', id="empty-key"),
    ],
)
def test_a_file_that_holds_no_keys_is_named_with_the_remedy(file, tmp_path, text):
    """And what it holds is not shown."""
    path = tmp_path / ".amlemu" / "keys.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")

    assert refusal_of(file.keys) == f"{path}: not the keys of an endpoint. Remove it, and new ones are made."


def test_a_folder_that_cannot_be_is_named_with_the_other_way(tmp_path):
    """A file stands in its place."""
    (tmp_path / ".amlemu").write_text("", encoding="ascii")

    told = refusal_of(KeyFile(tmp_path / ".amlemu").keys)
    assert told.startswith(f"{tmp_path / '.amlemu' / 'keys.json'}: keys cannot be kept there: ")
    assert told.endswith("Give keys by AMLEMU_PRIMARY_KEY and AMLEMU_SECONDARY_KEY.")


def test_keys_do_not_show_in_a_traceback():
    assert repr(Keys("one", "two", "three")) == "Keys(...)"


# keys


def test_either_key_opens(file):
    """Contract 1.4: Authorization: Bearer <key>; primary and secondary."""
    ring, keys = Keyring("key", file), file.keys()

    assert ring.refuses(f"Bearer {keys.primary}") == ""
    assert ring.refuses(f"Bearer {keys.secondary}") == ""


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer  {} "])
def test_the_scheme_may_be_spelled_in_any_case(file, form):
    """RFC 9110, section 11.1; blanks around it mean nothing."""
    assert Keyring("key", file).refuses(form.format(file.keys().primary)) == ""


@pytest.mark.parametrize(
    ("header", "why"),
    [
        pytest.param(None, NO_HEADER, id="none"),
        pytest.param("", NO_HEADER, id="empty"),
        pytest.param("{primary}", NO_BEARER, id="key-alone"),
        pytest.param("Basic {primary}", NO_BEARER, id="another-scheme"),
        pytest.param("Bearer", NO_BEARER, id="scheme-alone"),
        pytest.param("Bearer ", NO_BEARER, id="scheme-and-blank"),
        pytest.param("Bearer x", NO_KEY, id="another-key"),
        pytest.param("Bearer {primary}x", NO_KEY, id="one-letter-more"),
        pytest.param("Bearer {primary},Bearer {primary}", NO_KEY, id="two-headers"),
        pytest.param("Bearer {signing}", NO_KEY, id="what-tokens-are-signed-with"),
        pytest.param("Bearer \xe9", NO_KEY, id="not-ascii"),
    ],
)
def test_whoever_has_no_key_is_told_what_is_missing(file, header, why):
    """On our console; the caller gets 401 and no reason."""
    words = header and header.format(**vars(file.keys()))

    assert Keyring("key", file).refuses(words) == why


def test_a_replaced_key_opens_no_more(file, tmp_path):
    """In a server that has been running all the time."""
    ring, old = Keyring("key", file), file.keys()
    assert ring.refuses(f"Bearer {old.primary}") == ""
    new = KeyFile(tmp_path / ".amlemu").regenerate("primary")

    assert ring.refuses(f"Bearer {old.primary}") == NO_KEY
    assert ring.refuses(f"Bearer {new.primary}") == ring.refuses(f"Bearer {old.secondary}") == ""


def test_keys_that_are_given_need_no_file(file, tmp_path):
    ring = Keyring("key", file, "one", "two")
    ring.prepare()

    assert [ring.refuses(f"Bearer {key}") for key in ("one", "two", "three")] == ["", "", NO_KEY]
    assert not (tmp_path / ".amlemu").exists()


def test_one_key_that_is_given_replaces_the_one_of_its_name(file):
    ring, kept = Keyring("key", file, "one"), file.keys()

    assert ring.refuses("Bearer one") == ring.refuses(f"Bearer {kept.secondary}") == ""
    assert ring.refuses(f"Bearer {kept.primary}") == NO_KEY


def test_a_key_of_other_letters_is_compared_as_its_bytes(file):
    """A client sends them as UTF-8; header text is latin-1."""
    header = "Bearer schl\xfcssel".encode().decode("latin-1")

    assert Keyring("key", file, "schl\xfcssel", "two").refuses(header) == ""


@pytest.mark.parametrize("mode", ["key", "aml_token", "aad_token"])
def test_what_is_needed_is_made_before_the_first_request(file, tmp_path, mode):
    Keyring(mode, file).prepare()

    assert (tmp_path / ".amlemu" / "keys.json").exists()


def test_keys_that_are_given_sign_no_tokens(file, tmp_path):
    """There has to be a file then."""
    Keyring("aml_token", file, "one", "two").prepare()

    assert (tmp_path / ".amlemu" / "keys.json").exists()


# tokens


@pytest.mark.parametrize("mode", ["aml_token", "aad_token"])
def test_a_token_opens_until_it_expires(file, mode):
    ring, keys = Keyring(mode, file), file.keys()

    assert ring.refuses(f"Bearer {make_token(keys, 1)['accessToken']}") == ""
    assert (
        ring.refuses(f"Bearer {make_token(keys, -1)['accessToken']}")
        == "the token has expired (amlemu token makes a new one)"
    )


def test_a_token_is_told_in_azures_words(file):
    """Contract 1.4: accessToken, expiryTimeUtc, refreshAfterTimeUtc; seconds since the epoch, refreshed before it expires."""
    now = time.time()
    told = make_token(file.keys(), 10)

    assert list(told) == ["accessToken", "expiryTimeUtc", "refreshAfterTimeUtc", "tokenType"]
    assert told["expiryTimeUtc"] == pytest.approx(now + 600, abs=5)
    assert now < told["refreshAfterTimeUtc"] < told["expiryTimeUtc"]
    assert told["tokenType"] == "Bearer"
    json.dumps(told)


def test_a_token_is_for_azures_audience(file):
    """Contract 1.4, of aad_token."""
    claims = jwt.decode(make_token(file.keys(), 1)["accessToken"], options={"verify_signature": False})

    assert claims["aud"] == "https://ml.azure.com"


def forged(keys, **changes):
    claims = {"aud": "https://ml.azure.com", "exp": int(time.time()) + 60, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, keys.signing)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda keys: keys.primary, id="a-key"),
        pytest.param(lambda keys: keys.signing, id="what-it-is-signed-with"),
        pytest.param(lambda keys: make_token(Keys("", "", "x" * 32), 1)["accessToken"], id="of-another-endpoint"),
        pytest.param(lambda keys: forged(keys, aud="https://example.com"), id="for-another-audience"),
        pytest.param(lambda keys: forged(keys, aud=None), id="for-no-audience"),
        pytest.param(
            lambda keys: jwt.encode({"aud": "https://ml.azure.com"}, None, algorithm="none"), id="without-signature"
        ),
        pytest.param(lambda keys: make_token(keys, 1)["accessToken"][:-2], id="cut"),
        pytest.param(lambda keys: "\xe9", id="not-ascii"),
    ],
)
def test_what_is_no_token_of_this_endpoint_opens_nothing(file, make):
    assert Keyring("aml_token", file).refuses(f"Bearer {make(file.keys())}") == NO_TOKEN


def test_a_token_that_never_expires_is_none_of_ours(file):
    """Contract 1.4: tokens expire."""
    assert Keyring("aml_token", file).refuses(f"Bearer {forged(file.keys(), exp=None)}") == NO_TOKEN


def test_a_token_is_no_key(file):
    token = make_token(file.keys(), 1)["accessToken"]

    assert Keyring("key", file).refuses(f"Bearer {token}") == NO_KEY


# what is not told


@pytest.mark.parametrize(
    "name", ["Authorization", "PROXY-AUTHORIZATION", "Cookie", "x-api-key", "Ocp-Apim-Subscription-Key"]
)
def test_what_proves_who_somebody_is_is_not_told(name):
    """The header stays, with its spelling and its place."""
    headers = [("Host", "h"), (name, "Bearer secret"), (name, "secret again"), ("X-Trace", "kept")]
    request = Request("POST", "/score", headers)

    assert has_secrets(request)
    assert without_secrets(request) == [("Host", "h"), (name, "(not kept)"), (name, "(not kept)"), ("X-Trace", "kept")]
    assert request.headers[1][1] == "Bearer secret"


def test_most_requests_have_no_secrets():
    """Then nothing is copied."""
    assert not has_secrets(Request("POST", "/score", [("Host", "h"), ("Content-Type", "text/plain")]))


def test_an_answer_does_not_tell_the_cookies_that_it_sets():
    answer = Response(200, "OK", [("Set-Cookie", "session=secret"), ("Content-Type", "text/html")])

    assert without_secrets(answer) == [("Set-Cookie", "(not kept)"), ("Content-Type", "text/html")]
