"""
Which modules come with a Python: those of today, those that went, and those that came late.

Source: docs.python.org, "What's New in Python" 3.7 to 3.14, the lists of removed and of new modules.
"""

from __future__ import annotations

import sys

_REMOVED = {
    (3, 10): "formatter parser symbol",
    (3, 11): "binhex",
    (3, 12): "asynchat asyncore distutils imp smtpd",
    (
        3,
        13,
    ): "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd sunau "
    "telnetlib uu xdrlib",
}
_NEW = {
    (3, 7): "contextvars dataclasses",
    (3, 9): "graphlib zoneinfo",
    (3, 11): "tomllib",
    (3, 14): "annotationlib compression",
}
GONE_SINCE = {name: version for version, names in _REMOVED.items() for name in names.split()}
THERE_SINCE = {name: version for version, names in _NEW.items() for name in names.split()}
_INSTEAD = {
    "distutils": "Use setuptools, shutil, sysconfig or packaging.version, whichever does what it did.",
    "imp": "Use importlib.",
    "cgi": "Use email.message or urllib.parse.",
    "pipes": "Use shlex and subprocess.",
    "imghdr": "Use Pillow, or the package filetype.",
    "crypt": "Use hashlib, or the package bcrypt.",
    "telnetlib": "Use sockets, or the package telnetlib3.",
    "tomllib": "Add tomli to the packages, and import that.",
    "dataclasses": "Add dataclasses to the packages.",
    "zoneinfo": "Add backports.zoneinfo to the packages, and import that.",
}


def is_standard(module: str) -> bool:
    """Whether it comes, or came, with some Python."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in GONE_SINCE or top in THERE_SINCE or top == "__future__"


def lacks(module: str, python: tuple[int, int]) -> bool:
    """Whether a standard module is not there in this version."""
    top = module.partition(".")[0]
    return (top in GONE_SINCE and python >= GONE_SINCE[top]) or (top in THERE_SINCE and python < THERE_SINCE[top])


def instead_of(module: str) -> str:
    """Say what to do about it."""
    top = module.partition(".")[0]
    return _INSTEAD.get(top, "Pin a Python that has it, or do without it.")
