"""Has a date for a sample, which inference-schema can never parse."""

import datetime

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("data", StandardPythonParameterType(datetime.date(2020, 1, 1)))
def run(data):
    return str(data)
