"""The OpenAPI document: section 4.10, the fragments of 7.1."""

import re

from ..answers import (
    FINE,
    IDS,
    JSON,
    NOEXEC,
    NOT_FOUND,
    OK,
    START,
    VERSION,
    noexec,
)
from ..case import Answer, Case, Deployment, Digest, ask, get
from .routes import ECHO
from .settings import PREFIXED

FIXED = (b'"operationId": "ServiceHealthCheck"', b'"operationId": "RunMLService"', b'"operationId": "GetSwaggerSpec"')
UNKNOWN_SCHEMA = (
    b'"ServiceInput": {"type": "object", "example": {}}, "ServiceOutput": {"type": "object", "example": {}}'
)
V2 = Digest(
    2198,
    "4032327f37922c3a931426c67d5408722da9ee50b7934136099fef149016bb29",
    (
        b'{"swagger": "2.0", "info": {"title": "ML service"',
        b'"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"',
        UNKNOWN_SCHEMA,
        *FIXED,
    ),
)
V3 = Digest(
    2359,
    "64838425e806784c4e451ed9a522c95b1662e0f54cd4ba50a2dbf7a8d70f9fb9",
    (b'{"openapi": "3.0.3"', UNKNOWN_SCHEMA, *FIXED),
)
V31 = Digest(
    2359,
    "a2fe67495cc361363f22ebac4f8b6bc49555dbcb58eaf94eff46f4fb8c89aa85",
    (b'{"openapi": "3.1.0"', UNKNOWN_SCHEMA, *FIXED),
)
OWN = Deployment("echo.py", files={"swagger2.json": '{"own":2}', "swagger3.json": '{"own":3}'})
NOT_EXPRESSIBLE = noexec(
    NOT_FOUND,
    b'{"message": "Swagger version [2] is not supported for the scoring script. '
    b'Supported swagger versions: [3, 3.1]."}',
)

FRAGMENTS = {
    "decorated.py": (
        (
            b'"ServiceInput": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "integer", '
            b'"format": "int64"}}, "number": {"type": "integer", "format": "int64"}}, '
            b'"example": {"data": [1, 2], "number": 1}}'
        ),
        b'"ServiceOutput": {"type": "array", "items": {"type": "integer", "format": "int64"}, "example": [1]}',
    ),
    "decorated_types.py": (
        (
            b'"floats": {"type": "array", "items": {"type": "array", "items": {"type": "number", "format": "double"}}, '
            b'"format": "numpy.ndarray"}'
        ),
        (
            b'"frame": {"type": "array", "items": {"type": "object", "required": ["a", "b"], "properties": {"a": '
            b'{"type": "integer", "format": "int64"}, "b": {"type": "string"}}}, "format": "pandas.DataFrame:records"}'
        ),
        (
            b'"whole": {"type": "integer", "format": "int64"}, "fraction": {"type": "number", "format": "double"}, '
            b'"when": {"type": "string", "format": "date-time"}, "clock": {"type": "string", "format": "time"}, '
            b'"octets": {"type": "string", "format": "byte"}'
        ),
        b'"when": "2020-01-01 00:00:00.000000 +0000"',
        b'"show": {}}, "example": {',
    ),
    "decorated_request_headers.py": (
        (
            b'"ServiceInput": {"type": "object", "properties": {"data": {"type": "integer", "format": "int64"}, '
            b'"request_headers": {}, "free": {}}, "example": {"data": 1, "request_headers": "", "free": ""}}'
        ),
    ),
}


def _document(body: Digest | re.Pattern[bytes] | bytes) -> Answer:
    return Answer(OK, NOEXEC, body)


def _containing(*texts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(b"(?=.*%s)" % re.escape(text) for text in texts) + b".*", re.DOTALL)


def _not_valid(version: bytes) -> Answer:
    return noexec(
        NOT_FOUND, b'{"message": "Swagger version [%s] is not valid. Supported versions: [2, 3, 3.1]."}' % version
    )


CASES = (
    Case(
        "swagger",
        ("4.10 default", "4.3 GET /swagger.json", "4.10 undecorated", "4.10 fixed texts"),
        ECHO,
        get("/swagger.json"),
        _document(V2),
    ),
    *(
        Case(f"swagger-{version}", (row,), ECHO, get(f"/swagger.json?version={version}"), _document(body))
        for version, row, body in (
            ("2", "4.10 version 2, 2.0", V2),
            ("2.0", "4.10 version 2, 2.0", V2),
            ("3", "4.10 version 3, 3.0", V3),
            ("3.0", "4.10 version 3, 3.0", V3),
            ("3.1", "4.10 version 3.1", V31),
            ("3&version=2", "4.10 repeated", V3),
            ("%33", "observed swagger details", V3),
        )
    ),
    Case(
        "swagger-other-parameter",
        ("observed swagger details",),
        ECHO,
        get("/swagger.json?Version=3"),
        _document(V2),
    ),
    Case("swagger-4", ("4.10 unknown",), ECHO, get("/swagger.json?version=4"), _not_valid(b"4")),
    *(
        Case(
            f"swagger-odd-{name}",
            ("observed swagger details",),
            ECHO,
            get(f"/swagger.json?version={sent}"),
            _not_valid(said),
        )
        for name, sent, said in (
            ("empty", "", b""),
            ("longer", "3.1.0", b"3.1.0"),
            ("space", "2+", b"2 "),
            ("umlaut", "%C3%A4", b"\\u00e4"),
            ("markup", "<b>", b"<b>"),
        )
    ),
    Case(
        "swagger-head",
        ("observed swagger details",),
        ECHO,
        ask("HEAD", "/swagger.json"),
        Answer(OK, (*START, JSON, "Content-Length: 2198", FINE, VERSION, *IDS)),
    ),
    *(
        Case(
            f"swagger-of-{script.removesuffix('.py').replace('_', '-')}",
            ("7.1 fragments", "7.1 parameter without decorator"),
            Deployment(script),
            get("/swagger.json"),
            _document(_containing(*texts)),
        )
        for script, texts in FRAGMENTS.items()
    ),
    Case(
        "swagger-of-an-unknown-parameter",
        ("4.6 schema of an absent parameter",),
        Deployment("decorated_unknown_parameter.py"),
        get("/swagger.json"),
        _document(_containing(b'"absent": {"type": "integer", "format": "int64"}')),
    ),
    *(
        Case(
            f"swagger-2-of-{kind}",
            ("4.10 not expressible", "7.1 versions dropped"),
            Deployment(f"decorated_{kind}.py"),
            get("/swagger.json"),
            NOT_EXPRESSIBLE,
        )
        for kind in ("mixed_list", "split")
    ),
    Case(
        "swagger-3-of-mixed-list",
        ("4.10 not expressible",),
        Deployment("decorated_mixed_list.py"),
        get("/swagger.json?version=3"),
        _document(_containing(b'"openapi": "3.0.3"')),
    ),
    Case("swagger-own-2", ("4.10 user files",), OWN, get("/swagger.json"), _document(b'{"own": 2}')),
    Case("swagger-own-3", ("4.10 user files",), OWN, get("/swagger.json?version=3"), _document(b'{"own": 3}')),
    Case("swagger-own-not-31", ("4.10 user files",), OWN, get("/swagger.json?version=3.1"), _document(V31)),
    Case("swagger-own-without-number", ("4.10 user files",), PREFIXED, get("/swagger.json"), _document(b'{"own": 2}')),
    Case("swagger-own-31", ("4.10 user files",), PREFIXED, get("/swagger.json?version=3.1"), _document(b'{"own": 31}')),
    Case(
        "swagger-of-a-named-service",
        (
            "4.10 prefix",
            "3.7 SERVICE_NAME, SERVICE_VERSION, SERVICE_PATH_PREFIX",
            "3.7 environment beats file",
            "3.7 configuration file",
        ),
        PREFIXED,
        get("/swagger.json?version=3"),
        _document(
            _containing(
                b'"title": "of the environment"',
                b"Azure Machine Learning service of the environment",
                b'"version": "7"',
                b'"paths": {"/a/b/": {',
                b'"/a/b/score": {',
                b'"/a/b/swagger.json": {',
            )
        ),
    ),
)
