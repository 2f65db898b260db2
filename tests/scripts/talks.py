"""Says something in every way a script can, by the name in its input."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import warnings

print("said at import")


def init():
    print("said in init")


def _print_redirected():
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        print("redirected print")
        sys.stdout.write("redirected write")
    return stream.getvalue()


def _fail():
    try:
        raise KeyError("the cause")
    except KeyError as error:
        raise ValueError("the secret text") from error


ACTIONS = {
    "print": lambda: print("printed", 1, [2]),
    "print_lines": lambda: print("first\nsecond"),
    "print_end": lambda: (print("without end", end=""), print("after it")),
    "print_sep": lambda: print("a", "b", sep="-"),
    "print_nothing": lambda: print(),
    "print_umlaut": lambda: print("\u00e4\u20ac"),
    "print_stderr": lambda: print("printed to stderr", file=sys.stderr),
    "print_stdout_given": lambda: print("given", end="!", file=sys.stdout),
    "print_file": lambda: print("to a file", file=io.StringIO()),
    "print_original": lambda: print("own stdout", file=sys.__stdout__),
    "print_redirected": _print_redirected,
    "write": lambda: sys.stdout.write("written\n"),
    "write_stderr": lambda: sys.stderr.write("written to stderr\n"),
    "descriptor": lambda: os.write(1, b"from the descriptor\n"),
    "child": lambda: subprocess.run(["echo", "from a child process"], check=True).returncode,
    "root_debug": lambda: logging.debug("root debug"),
    "root_info": lambda: logging.info("root info"),
    "root_warning": lambda: logging.warning("root warning"),
    "root_error": lambda: logging.error("root error"),
    "named_info": lambda: logging.getLogger("own.name").info("named info"),
    "named_warning": lambda: logging.getLogger("own.name").warning("named warning"),
    "server_debug": lambda: logging.getLogger("azmlinfsrv").debug("server debug"),
    "server_info": lambda: logging.getLogger("azmlinfsrv").info("server info"),
    "server_child": lambda: logging.getLogger("azmlinfsrv.own").error("server child"),
    "gunicorn_error": lambda: logging.getLogger("gunicorn.error").info("as gunicorn"),
    "exception": lambda: logging.exception("with nothing"),
    "warn": lambda: warnings.warn("a warning of the script", stacklevel=1),
    "raise": _fail,
    "leave": lambda: sys.exit(5),
    "unencodable": lambda: {1},
    "reads_stdin": lambda: sys.stdin.read(),
}


def run(data):
    return ACTIONS[data]()
