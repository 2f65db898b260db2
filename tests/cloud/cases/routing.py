"""Who may come in and where to: 401 and 404 of 1.2, and what 1.1 says about routing."""

from ..answers import EXEC, FINE, HTML_UTF8, JSON, VERSION, assumed, own, served, standard
from ..caller import get, post
from ..case import Case, Said, at

MANAGED = at("managed")
KEYS = at("managed", auth="key")
TOKENS = at("managed", auth="aml_token")
MICROSOFT = at("managed", auth="aad_token")
REFUSED = b"key_auth_access_denied"
NO_GROUP = b"Specified traffic group could not be found"
GOOD = Said(200, standard("OK"), served(JSON, 17, FINE, EXEC, VERSION), b'{"characters": 2}')
DENIED = own(401, standard("Unauthorized"), REFUSED, why="8 #1")
UNSEEN = own(401, standard("Unauthorized"), assumed(REFUSED, "8 #1"), why="8 #1")
UNKNOWN = own(assumed(404, "8 #12"), standard("Not Found"), assumed(NO_GROUP, "8 #12"), why="8 #3")
PRIMARY = "Authorization: Bearer primary-key-for-tests"
SECONDARY = "Authorization: Bearer secondary-key-for-tests"
WRONG = "Authorization: Bearer tertiary-key-for-tests"

AUTHENTICATION = (
    Case("primary-key", ("1.2 401 wrong key",), KEYS, post(b"{}", PRIMARY), GOOD),
    Case("secondary-key", ("1.2 401 wrong key",), KEYS, post(b"{}", SECONDARY), GOOD),
    Case(
        "wrong-key",
        ("1.2 401 wrong key", "1.2 phrases"),
        KEYS,
        post(b"{}", WRONG),
        DENIED,
        why="neither the primary nor the secondary one",
        is_forwarded=False,
    ),
    Case(
        "no-key",
        ("1.2 401 no right",),
        KEYS,
        post(b"{}"),
        UNSEEN,
        why="no Authorization header",
        is_forwarded=False,
    ),
    Case(
        "no-bearer",
        ("1.2 401 no right",),
        KEYS,
        post(b"{}", "Authorization: Basic primary-key-for-tests"),
        UNSEEN,
        why="no Bearer",
        is_forwarded=False,
    ),
    Case(
        "swagger-without-key",
        ("1.2 401 no right", "1.1 scoring address"),
        KEYS,
        get("/swagger.json"),
        own(assumed(401, "8 #11"), standard("Unauthorized"), assumed(REFUSED, "8 #11"), why="8 #1"),
        why="no Authorization header",
        is_forwarded=False,
    ),
    *(
        Case(f"{deployment.auth}-valid", ("1.2 401 token expired",), deployment, _ask, GOOD)
        for deployment in (TOKENS, MICROSOFT)
        for _ask in [post(b"{}", "Authorization: Bearer {token}")]
    ),
    *(
        Case(
            f"{deployment.auth}-expired",
            ("1.2 401 token expired",),
            deployment,
            post(b"{}", "Authorization: Bearer {expired token}"),
            UNSEEN,
            why="the token has expired",
            is_forwarded=False,
        )
        for deployment in (TOKENS, MICROSOFT)
    ),
    Case(
        "token-malformed",
        ("1.2 401 token expired",),
        TOKENS,
        post(b"{}", "Authorization: Bearer ey.ey.ey"),
        UNSEEN,
        why="no token of this endpoint",
        is_forwarded=False,
    ),
)
ROUTES = (
    Case(
        "deployment-header",
        ("1.1 deployment header",),
        MANAGED,
        post(b"{}", "azureml-model-deployment: blue"),
        GOOD,
    ),
    Case(
        "unknown-deployment",
        ("1.2 404", "1.2 phrases"),
        MANAGED,
        post(b"{}", "azureml-model-deployment: green"),
        UNKNOWN,
        why="no deployment 'green'",
        is_forwarded=False,
    ),
    Case(
        "root",
        ("1.1 other paths",),
        MANAGED,
        get("/"),
        Said(assumed(200, "8 #10"), standard("OK"), served(HTML_UTF8, 7, VERSION), assumed(b"Healthy", "8 #10")),
    ),
    Case(
        "preflight",
        ("1.1 CORS", "1.1 methods, managed"),
        MANAGED,
        get("/score", "Origin: http://a.example", "Access-Control-Request-Method: POST", method="OPTIONS"),
        Said(assumed(200, "8 #10"), standard("OK"), served(HTML_UTF8, 0, FINE, VERSION)),
    ),
    Case(
        "get",
        ("1.1 methods, managed",),
        MANAGED,
        get("/score?a=1"),
        Said(assumed(200, "8 #10"), standard("OK"), served(JSON, 17, FINE, EXEC, VERSION), b'{"characters": 8}'),
    ),
)
CASES = (*AUTHENTICATION, *ROUTES)
