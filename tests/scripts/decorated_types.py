"""Has a parameter of every kind that inference-schema converts, each with a default, and answers with what it got."""

import datetime

import numpy
import pandas
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema

FLOATS = numpy.array([[1.0, 2.0, 3.0]])
FRAME = pandas.DataFrame({"a": [1], "b": ["x"]})


def init():
    pass


def _describe(value):
    if isinstance(value, numpy.ndarray):
        return ["ndarray", str(value.dtype), value.tolist()]
    if isinstance(value, pandas.DataFrame):
        kinds = [kind.kind for kind in value.dtypes]
        return ["DataFrame", kinds, value.to_dict(orient="split", index=False)]
    return [type(value).__name__, str(value)]


@input_schema("floats", NumpyParameterType(FLOATS))
@input_schema("ints", NumpyParameterType(numpy.array([1, 2])))
@input_schema("uncast", NumpyParameterType(FLOATS, enforce_column_type=False))
@input_schema("shapeless", NumpyParameterType(FLOATS, enforce_shape=False))
@input_schema("frame", PandasParameterType(FRAME))
@input_schema("split", PandasParameterType(FRAME, orient="split"))
@input_schema("whole", StandardPythonParameterType(1))
@input_schema("fraction", StandardPythonParameterType(1.5))
@input_schema("when", StandardPythonParameterType(datetime.datetime(2020, 1, 1)))
@input_schema("clock", StandardPythonParameterType(datetime.time(1, 2)))
@input_schema("octets", StandardPythonParameterType(b"x"))
@input_schema("items", StandardPythonParameterType([1]))
@input_schema("mapping", StandardPythonParameterType({"k": 1}))
@input_schema("nested", StandardPythonParameterType({"k": NumpyParameterType(FLOATS)}))
def run(
    floats=[[0, 0, 0]],
    ints=[0, 0],
    uncast=[[0, 0, 0]],
    shapeless=[[0]],
    frame=[{"a": 0, "b": "z"}],
    split={"columns": ["a", "b"], "data": [[0, "z"]]},
    whole=0,
    fraction=0.5,
    when="2000-01-01",
    clock="00:00",
    octets="",
    items=[],
    mapping={},
    nested={"k": [[0, 0, 0]]},
    show="",
):
    value = locals()[show]
    return {"k": _describe(value["k"])} if show == "nested" else _describe(value)
