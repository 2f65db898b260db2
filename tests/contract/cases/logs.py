"""What is logged: section 4.13, and the log facts of 3.6, 3.7, 4.7 to 4.9, 4.12 and 7.1."""

from amlemu_harness.parity.wire import Sent

from ..case import Deployment, Log, ask, get, post, post_json
from .decorated import REFUSED, typed

TALKS = Deployment("talks.py", {"AML_DBG_MODEL_INFO": "1"})
TYPES = Deployment("decorated_types.py")
KILLS = Deployment("kills_itself.py")
CONFIGURES = Deployment("configures_logging.py")
LIMITED = Deployment("slow.py", {"SCORING_TIMEOUT_MS": "300"})
REMOVED = "The debuggability features have been removed. If you have a use case for them please reach out to us."
READY = "<time> I [<pid>] azmlinfsrv - Worker with pid <pid> ready for serving traffic"
OWN_LOGGING = """{
    "version": 1,
    "formatters": {"own": {"format": "OWN %(name)s %(message)s"}},
    "handlers": {"own": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "own"}},
    "loggers": {"azmlinfsrv": {"level": "INFO", "handlers": ["own"], "propagate": false}}
}"""

ROOT_LOGGING = """{
    "version": 1,
    "formatters": {"root": {"format": "ROOT %(name)s %(message)s"}},
    "handlers": {"root": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "root"}},
    "root": {"level": "INFO", "handlers": ["root"]}
}"""
EDITED_LOGGING = """{
    "version": 1,
    "handlers": {
        "azmlinfsrv": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "azmlinfsrv"},
        "azmlinfsrv_stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "azmlinfsrv"}
    },
    "formatters": {
        "azmlinfsrv": {
            "class": "azureml_inference_server_http.log_config.AMLLogFormatter",
            "format": "EDITED %(levelname)s %(name)s - %(message)s",
            "style": "%"
        }
    },
    "loggers": {
        "azmlinfsrv": {"level": "DEBUG", "handlers": ["azmlinfsrv"], "propagate": false},
        "gunicorn.access": {"level": "INFO", "handlers": ["azmlinfsrv"], "filters": ["RootAccessFilter"]},
        "gunicorn.error": {"level": "INFO", "handlers": ["azmlinfsrv_stderr"]}
    },
    "filters": {"RootAccessFilter": {"()": "azureml_inference_server_http.log_config.RootAccessFilter"}}
}"""
OWN = Deployment("talks.py", files={"logging.json": OWN_LOGGING})
ROOT = Deployment("talks.py", files={"logging.json": ROOT_LOGGING})
EDITED = Deployment("talks.py", files={"logging.json": EDITED_LOGGING})


def _said(level: str, logger: str, message: str) -> str:
    """Write a record in the server's format."""
    return f"<time> {level} [<pid>] {logger} - {message}"


def _access(line: str, status: int, length: int) -> str:
    return _said("I", "gunicorn.access", f'127.0.0.1 - - [<date>] "{line} HTTP/1.1" {status} {length} "-" "-"')


def _served(target: str, status: int = 200, length: int = 2) -> str:
    """Write the two lines that follow every scoring call."""
    line = f"POST {target}"
    return f"{_said('I', 'azmlinfsrv', f'{line} {status} <ms> {length}')}\n{_access(line, status, length)}"


def _call(name: str) -> Sent:
    return post(name.encode(), target=f"/score?{name}")


def _record(name: str, level: str, logger: str, message: str, length: int = 2) -> str:
    """Write a record and the two lines of the call that made it."""
    return f"{_said(level, logger, message)}\n{_served(f'/score?{name}', length=length)}"


def _raw(name: str, text: str, length: int = 2) -> str:
    return f"{text}\n{_served(f'/score?{name}', length=length)}"


TO_STDOUT = {
    "print": ("4.13 print", _record("print", "I", "azmlinfsrv.print", "printed 1 [2]")),
    "print_lines": ("4.13 print", _record("print_lines", "I", "azmlinfsrv.print", "first\nsecond")),
    "print_end": (
        "4.13 print",
        f"{_said('I', 'azmlinfsrv.print', 'without end')}\n"
        + _record("print_end", "I", "azmlinfsrv.print", "after it", length=12),
    ),
    "print_sep": ("observed more prints", _record("print_sep", "I", "azmlinfsrv.print", "a-b")),
    "print_nothing": ("observed more prints", _record("print_nothing", "I", "azmlinfsrv.print", "")),
    "print_umlaut": ("observed more prints", _record("print_umlaut", "I", "azmlinfsrv.print", "\u00e4\u20ac")),
    "print_stdout_given": ("observed more prints", _record("print_stdout_given", "I", "azmlinfsrv.print", "given")),
    "print_original": ("observed more prints", _record("print_original", "I", "azmlinfsrv.print", "own stdout")),
    "print_redirected": (
        "observed redirect_stdout",
        _record("print_redirected", "I", "azmlinfsrv.print", "redirected print", length=18),
    ),
    "write": ("4.13 raw", _raw("write", "written", length=1)),
    "descriptor": ("4.13 raw", _raw("descriptor", "from the descriptor")),
    "child": ("4.13 raw", _raw("child", "from a child process", length=1)),
    "server_info": ("4.13 azmlinfsrv logger", _record("server_info", "I", "azmlinfsrv", "server info")),
    "server_child": ("4.13 azmlinfsrv logger", _record("server_child", "E", "azmlinfsrv.own", "server child")),
}

TO_STDERR = {
    "print_stderr": ("observed print to stderr", "printed to stderr"),
    "write_stderr": ("4.13 raw", "written to stderr"),
    "root_warning": ("4.13 root logger", "WARNING:root:root warning"),
    "root_error": ("4.13 root logger", "ERROR:root:root error"),
    "named_warning": ("4.13 root logger", "WARNING:own.name:named warning"),
    "exception": ("4.13 root logger", "ERROR:root:with nothing\nNoneType: None"),
    "gunicorn_error": ("4.13 azmlinfsrv logger", _said("I", "gunicorn.error", "as gunicorn")),
    "warn": ("observed warnings.warn", "<root>/talks.py:<line>: UserWarning: a warning of the script"),
}

LOST = {
    "root_debug": ("4.13 root logger", "root debug"),
    "root_info": ("4.13 root logger", "root info"),
    "named_info": ("4.13 root logger", "named info"),
    "server_debug": ("4.13 azmlinfsrv logger", "server debug"),
    "print_file": ("observed more prints", "to a file"),
}

CONVERSIONS = {
    "numpy-null": "ValueError: Invalid input format: expected an array of items.",
    "numpy-dimensions": "ValueError: Invalid input array: an array with 2 dimensions is expected; "
    "input has 1 [shape (3,)]",
    "numpy-columns": "ValueError: Invalid input array: array has size 2 on dimension #1, while expected value is 3",
    "numpy-letters": "ValueError: could not convert string to float: 'a'",
    "pandas-column-count": "ValueError: Invalid input data frame: data frame has size 3 on dimension #1, "
    "while expected value is 2",
    "pandas-cast": "ValueError: invalid literal for int() with base 10: 'q': Error while type casting for column 'a'",
    "pandas-scalar": "Exception: Error, unable to convert input of type <class 'int'> into Pandas Dataframe",
    "pandas-all-scalar-values": "ValueError: If using all scalar values, you must pass an index",
    "standard-float-for-int": "ValueError: Invalid input data type to parse. "
    "Expected: <class 'int'> but got <class 'float'>",
    "standard-bad-datetime": "dateutil.parser._parser.ParserError: Unknown string format: zz",
}

TRACE = _said("E", "azmlinfsrv", "Encountered Exception: Traceback (most recent call last):")

LOGS = (
    *(
        Log(f"log-{name.replace('_', '-')}", (row, "4.13 format", "4.13 request line"), TALKS, (_call(name),), (text,))
        for name, (row, text) in TO_STDOUT.items()
    ),
    *(
        Log(f"log-{name.replace('_', '-')}", (row,), TALKS, (_call(name),), stderr=(text,))
        for name, (row, text) in TO_STDERR.items()
    ),
    *(
        Log(f"log-{name.replace('_', '-')}", (row,), TALKS, (_call(name),), (_served(f"/score?{name}"),), never=(text,))
        for name, (row, text) in LOST.items()
    ),
    Log(
        "log-before-the-first-call",
        ("4.13 print", "4.12 success lines", "4.12 decoration line"),
        TALKS,
        stdout=(
            "\n".join(
                (
                    _said("I", "azmlinfsrv.print", "said at import"),
                    _said("I", "azmlinfsrv.user_script", "Found user script at <root>/talks.py"),
                    _said(
                        "I",
                        "azmlinfsrv.user_script",
                        "run() is not decorated. Server will invoke it with the input in JSON string.",
                    ),
                    _said("I", "azmlinfsrv.user_script", "Invoking user's init function"),
                    _said("I", "azmlinfsrv.print", "said in init"),
                    _said("I", "azmlinfsrv.user_script", "Users's init has completed successfully"),
                    _said("W", "azmlinfsrv", REMOVED),
                    _said(
                        "I",
                        "azmlinfsrv.swagger",
                        "Swaggers are prepared for the following versions: [2, 3, 3.1].",
                    ),
                    _said("I", "azmlinfsrv", "Scoring timeout is set to 3600000"),
                    READY,
                )
            ),
        ),
    ),
    Log(
        "log-before-the-script",
        ("4.12 success lines",),
        TALKS,
        stdout=(
            f"Initializing logger\n{_said('I', 'azmlinfsrv', 'Starting up app insights client')}\n"
            + _said("W", "azmlinfsrv.trace", "Model directory is not set or does not exist: "),
        ),
    ),
    Log(
        "log-of-a-failure",
        ("4.7 raises, log", "4.13 request line"),
        TALKS,
        (_call("raise"),),
        (TRACE, "KeyError: 'the cause'", "ValueError: the secret text", _served("/score?raise", 500, 92)),
    ),
    Log(
        "log-of-what-json-cannot-say",
        ("4.7 returns what JSON cannot say",),
        TALKS,
        (_call("unencodable"),),
        (TRACE, "TypeError: Object of type set is not JSON serializable", _served("/score?unencodable", 500, 83)),
    ),
    Log(
        "log-base-exception",
        ("4.7 raises BaseException, log",),
        TALKS,
        (_call("leave"),),
        stderr=(_said("E", "gunicorn.error", "Error handling request POST /score?leave"), "SystemExit: 5"),
    ),
    Log(
        "log-access",
        ("4.13 access line", "3.7 gunicorn log"),
        TALKS,
        (ask("POST", "/score?print&agent", "Referer: there", 'User-Agent: my "agent"', body=b"print"),),
        (
            _said("I", "gunicorn.access", '127.0.0.1 - - [<date>] "POST /score?print&agent HTTP/1.1" 200 2 ')
            + '"there" "my \\"agent\\""',
        ),
    ),
    Log(
        "log-swagger",
        ("4.13 request line",),
        TALKS,
        (get("/swagger.json"),),
        (f"{_said('I', 'azmlinfsrv', 'GET /swagger.json 200 <ms> 2198')}\n{_access('GET /swagger.json', 200, 2198)}",),
    ),
    Log(
        "log-routing-error",
        ("4.13 routing errors",),
        TALKS,
        (get("/nope"),),
        (_access("GET /nope", 404, 135),),
        never=("azmlinfsrv - GET /nope",),
    ),
    Log(
        "log-health",
        ("3.6 not in the access log",),
        TALKS,
        (get("/"), ask("HEAD", "/"), get("/?a=1")),
        (_access("HEAD /", 200, 0), _access("GET /?a=1", 200, 7)),
        never=('"GET / HTTP/1.1"', "azmlinfsrv - HEAD /"),
    ),
    Log(
        "log-deprecated-id",
        ("4.9 B warns",),
        TALKS,
        (post(b"print_nothing", "x-ms-request-id: B", target="/score?deprecated"),),
        (
            _said(
                "W",
                "azmlinfsrv",
                "x-ms-request-id header has been deprecated and will be removed from future versions of the server. "
                "Please use x-ms-client-request-id.",
            ),
        ),
    ),
    Log(
        "log-malformed-request",
        ("4.8 Invalid HTTP Header",),
        TALKS,
        (post(b"", "nonsense"),),
        stderr=(_said("W", "gunicorn.error", "Invalid request from ip=127.0.0.1: Invalid HTTP Header: 'nonsense'"),),
    ),
    Log(
        "log-script-name-not-in-path",
        ("observed SCRIPT_NAME and PATH_INFO",),
        TALKS,
        (get("/misplaced", "Script_Name: a"),),
        (_access("GET /misplaced", 500, 0),),
        stderr=(
            _said(
                "W",
                "gunicorn.error",
                "Invalid request from ip=127.0.0.1: Configuration problem: "
                "Request path '/misplaced' does not start with SCRIPT_NAME 'a'",
            ),
        ),
    ),
    Log(
        "log-extra-keys",
        ("3.7 extra keys",),
        TALKS,
        stdout=(
            _said("W", "azmlinfsrv", "Found extra keys in the config file that are not supported by the server.")
            + "\nExtra keys = ['AZUREML_ENTRY_SCRIPT']",
        ),
    ),
    Log(
        "log-of-gunicorn",
        ("3.7 control socket", "3.7 gunicorn log"),
        TALKS,
        stderr=(
            _said("I", "gunicorn.error", "Using worker: sync"),
            _said("I", "gunicorn.error", "Control socket listening at <root>/.gunicorn/gunicorn.ctl"),
        ),
        needs=("output", "gunicorn"),
    ),
    Log(
        "log-response",
        ("4.7 returns Response, log",),
        Deployment("returns_flask.py"),
        (_call("default"),),
        (f"{_said('I', 'azmlinfsrv', 'run() output is HTTP Response')}\n{_served('/score?default', 200, 5)}",),
    ),
    Log(
        "log-streamed-response",
        ("4.7 returns streamed Response",),
        Deployment("returns_flask.py"),
        (_call("stream"),),
        (f"{_said('I', 'azmlinfsrv', 'POST /score?stream 200 <ms> N/A')}\n{_access('POST /score?stream', 200, 6)}",),
    ),
    Log(
        "log-stream-that-breaks",
        ("4.7 stream breaks",),
        Deployment("returns_flask.py"),
        (_call("stream_broken"),),
        stdout=(_access("POST /score?stream_broken", 200, 3),),
        stderr=(_said("E", "gunicorn.error", "Error handling request"), "ValueError: in the middle of the stream"),
    ),
    Log(
        "log-exit",
        ("4.7 dies, log",),
        KILLS,
        (_call("exit"),),
        stderr=(_said("E", "gunicorn.error", "Worker (pid: <pid>) exited with code 1."),),
    ),
    Log(
        "log-kill",
        ("4.7 dies, log",),
        KILLS,
        (_call("kill"),),
        stderr=(_said("E", "gunicorn.error", "Worker (pid: <pid>) was sent SIGKILL! Perhaps out of memory?"),),
    ),
    Log(
        "log-segfault",
        ("4.7 dies, log",),
        KILLS,
        (_call("segfault"),),
        stderr=(
            "Fatal Python error: Segmentation fault",
            _said("W", "gunicorn.error", "Worker (pid: <pid>) was sent SIGSEGV!"),
        ),
    ),
    Log(
        "log-timeout",
        ("4.8 SCORING_TIMEOUT_MS",),
        LIMITED,
        (post(b'["sleep", 5]'),),
        (TRACE, _served("/score", 500, 43)),
        contains=("UserScriptTimeout: Script failed to finish execution within the allocated time: 300ms",),
    ),
    Log(
        "log-of-a-client-that-left",
        ("4.8 client leaves",),
        LIMITED,
        (Sent(post(b'["sleep", 0.1]', target="/score?left").raw, leaves=True),),
        contains=("azmlinfsrv - POST /score?left 200 <ms> ",),
    ),
    Log(
        "log-server-timeout",
        ("4.8 WORKER_TIMEOUT, log",),
        Deployment("slow.py", {"WORKER_TIMEOUT": "1"}),
        (post(b'["sleep", 9]'),),
        stderr=(
            _said("C", "gunicorn.error", "WORKER TIMEOUT (pid: <pid>)"),
            "Fatal Python error: Aborted",
            _said("E", "gunicorn.error", "Error handling request POST /score"),
        ),
    ),
    Log(
        "log-basic-config",
        ("observed logging.basicConfig",),
        CONFIGURES,
        (_call("basic_config"),),
        (f"{_said('I', 'azmlinfsrv.print', 'printed')}\n{_served('/score?basic_config')}",),
        never=("root info of basic_config",),
    ),
    Log(
        "log-root-level-lowered",
        ("4.13 root level lowered",),
        CONFIGURES,
        (_call("lower_root_level"),),
        stderr=("INFO:root:root info of lower_root_level\nINFO:own.name:named info",),
        never=("named debug",),
    ),
    Log(
        "log-logging-json",
        ("3.7 logging.json",),
        OWN,
        (_call("print"),),
        ("OWN azmlinfsrv.print printed 1 [2]\nOWN azmlinfsrv POST /score?print 200 <ms> 2",),
        never=("azmlinfsrv - POST /score", '"POST /score'),
    ),
    Log(
        "log-logging-json-root",
        ("3.7 logging.json",),
        ROOT,
        (_call("print"), _call("root_info"), _call("named_info")),
        (
            f"{_said('I', 'azmlinfsrv.print', 'said in init')}\n"
            + _said("I", "azmlinfsrv.user_script", "Users's init has completed successfully"),
            _said("I", "azmlinfsrv.print", "printed 1 [2]"),
            "ROOT root root info",
            "ROOT own.name named info",
        ),
        never=("Loaded logging config from <root>", "Starting up", "POST /score"),
    ),
    Log(
        "log-logging-json-edited",
        ("3.7 logging.json",),
        EDITED,
        (_call("server_debug"), get("/"), get("/nope"), _call("raise"), _call("leave")),
        (
            "EDITED INFO azmlinfsrv - Loaded logging config from <root>/logging.json\n"
            "Initializing logger\n"
            "EDITED INFO azmlinfsrv - Starting up app insights client",
            "EDITED DEBUG azmlinfsrv - server debug\n"
            "EDITED INFO azmlinfsrv - POST /score?server_debug 200 <ms> 2\n"
            'EDITED INFO gunicorn.access - 127.0.0.1 - - [<date>] "POST /score?server_debug HTTP/1.1" 200 2 "-" "-"\n'
            'EDITED INFO gunicorn.access - 127.0.0.1 - - [<date>] "GET /nope HTTP/1.1" 404 135 "-" "-"',
            "EDITED DEBUG azmlinfsrv - Run function exception caught",
            'EDITED INFO gunicorn.access - 127.0.0.1 - - [<date>] "POST /score?leave HTTP/1.1" 500 0 "-" "-"',
        ),
        stderr=("EDITED ERROR gunicorn.error - Error handling request POST /score?leave",),
        never=('"GET / HTTP/1.1"', "I [<pid>] gunicorn.access"),
    ),
    Log(
        "log-decorated",
        ("4.12 decoration line",),
        TYPES,
        stdout=(
            _said(
                "I",
                "azmlinfsrv.user_script",
                "run() is decorated with @input_schema. Server will invoke it with the following arguments: "
                "floats, ints, uncast, shapeless, frame, split, whole, fraction, when, clock, octets, items, mapping, "
                "nested, show.",
            ),
        ),
    ),
    Log(
        "log-rawhttp",
        ("4.12 decoration line",),
        Deployment("rawhttp.py"),
        stdout=(
            _said(
                "I",
                "azmlinfsrv.user_script",
                "run() is decorated with @rawhttp. Server will invoke it with the flask request object.",
            ),
        ),
    ),
    Log(
        "log-swagger-versions",
        ("4.12 success lines",),
        Deployment("decorated_mixed_list.py"),
        stdout=(
            _said(
                "I", "azmlinfsrv.swagger", "Swaggers are prepared for versions [3, 3.1] and skipped for versions [2]."
            ),
        ),
    ),
    Log(
        "log-driver",
        ("4.12 driver",),
        Deployment("driver.py", zoo=("counts_calls.py",)),
        stdout=(
            _said(
                "I",
                "azmlinfsrv.user_script",
                "Found driver script at <root>/driver.py and the score script at <root>/counts_calls.py",
            ),
        ),
    ),
    Log("log-debuggability", ("observed debuggability",), TALKS, stdout=(_said("W", "azmlinfsrv", REMOVED),)),
    *(
        Log(
            f"log-refuses-{name}",
            (f"7.1 {name.split('-')[0]} refuses", "4.6 cannot be converted"),
            TYPES,
            (post_json(typed(*REFUSED[name])),),
            (TRACE, text),
        )
        for name, text in CONVERSIONS.items()
    ),
)
