"""Is decorated, and takes the request headers and a parameter without a schema as well."""

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("data", StandardPythonParameterType(1))
def run(data, request_headers, free="default"):
    return [data, free, type(request_headers).__name__, request_headers.get("X-Own")]
