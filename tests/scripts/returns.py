"""Returns, by the name in its input, one value of every kind that a plain run() may return."""

import datetime
import decimal


def init():
    pass


def _circle():
    circle = []
    circle.append(circle)
    return circle


async def _coroutine():
    pass


VALUES = {
    "str": lambda: "x",
    "dumped": lambda: '{"a": 1}',
    "dict": lambda: {"b": 1, "a": [1, 2], None: None},
    "list": lambda: [1, "ä", {"k": []}],
    "int": lambda: 7,
    "float": lambda: 1.5,
    "bool": lambda: True,
    "tuple": lambda: (1, 2),
    "none": lambda: None,
    "nan": lambda: float("nan"),
    "inf": lambda: [float("inf"), float("-inf")],
    "tuple_with_status": lambda: ({"a": 1}, 201),
    "bytes": lambda: b"x",
    "bytearray": lambda: bytearray(b"x"),
    "set": lambda: {1},
    "generator": lambda: (n for n in range(3)),
    "object": object,
    "coroutine": _coroutine,
    "tuple_key": lambda: {(1, 2): 3},
    "circle": _circle,
    "datetime": lambda: datetime.datetime(2020, 1, 1),
    "decimal": lambda: decimal.Decimal("1.5"),
    "surrogate": lambda: "\ud800",
    "int_keys": lambda: {1: 2, True: 3, 1.5: 4},
}


def run(data):
    return VALUES[data]()
