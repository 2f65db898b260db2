"""Returns, by the name in its input, values of numpy and pandas."""

import numpy
import pandas

VALUES = {
    "float64": numpy.float64(1.5),
    "float32": numpy.float32(1.5),
    "int64": numpy.int64(1),
    "bool_": numpy.bool_(True),
    "array": numpy.array([1, 2]),
    "frame": pandas.DataFrame({"a": [1]}),
    "series": pandas.Series([1]),
    "timestamp": pandas.Timestamp(2020, 1, 1),
}


def init():
    pass


def run(data):
    return VALUES[data]
