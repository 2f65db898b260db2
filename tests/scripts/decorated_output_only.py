"""Has an `@output_schema` and no `@input_schema`: parameters come from a JSON object, unconverted."""

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import output_schema


def init():
    pass


@output_schema(StandardPythonParameterType({"a": 1}))
def run(data):
    return [type(data).__name__, data]
