"""Has a range for a sample, which inference-schema can never parse."""

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("data", StandardPythonParameterType(range(3)))
def run(data):
    return str(data)
