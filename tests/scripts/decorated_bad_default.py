"""Has a default that its own schema cannot parse: leaving the parameter out fails."""

import datetime

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("when", StandardPythonParameterType(datetime.datetime(2020, 1, 1)))
def run(when=None):
    return str(when)
