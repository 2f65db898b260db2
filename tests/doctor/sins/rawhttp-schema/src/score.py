
import json
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from inference_schema.schema_decorators import input_schema
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
def init(): pass
@rawhttp
@input_schema("data", StandardPythonParameterType({"a": 1}))
def run(data):
    return {"ok": 1}
