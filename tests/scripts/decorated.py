"""Takes a list and, with a default, a number through inference-schema, and answers with both."""

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init():
    pass


@input_schema("data", StandardPythonParameterType([1, 2]))
@input_schema("number", StandardPythonParameterType(1))
@output_schema(StandardPythonParameterType([1]))
def run(data, number=7):
    return [data, number]
