"""Returns, by the name in its input, answers made with AMLResponse."""

from azureml.contrib.services.aml_response import AMLResponse


def init():
    pass


ANSWERS = {
    "default": lambda: AMLResponse("hello", 200),
    "json": lambda: AMLResponse({"a": 1}, 200, {}, True),
    "json_string": lambda: AMLResponse("hello", 200, json_str=True),
    "created": lambda: AMLResponse("hello", 201),
    "client_error": lambda: AMLResponse("hello", 499),
    "failing": lambda: AMLResponse("hello", 500),
    "said_to_have_failed": lambda: AMLResponse("hello", 200, run_function_failed=True),
    "none": lambda: AMLResponse(None, 200),
    "none_with_type": lambda: AMLResponse(None, 200, {"Content-Type": "text/x-own"}),
    "bytes": lambda: AMLResponse(b"\xff\x00", 200, {"Content-Type": "image/x-own"}),
    "dict": lambda: AMLResponse({"a": 1, "b": 2}, 200),
    "list": lambda: AMLResponse(["x", "y"], 200),
    "int": lambda: AMLResponse(5, 200),
    "commas": lambda: AMLResponse("hello", 200, {"X-Many": "a, b,c"}),
    "own_type": lambda: AMLResponse("hello", 200, {"Content-Type": "text/x-own"}),
    "own_type_lower_case": lambda: AMLResponse("hello", 200, {"content-type": "text/x-own"}),
    "own_type_and_json": lambda: AMLResponse("hello", 200, {"Content-Type": "text/x-own"}, True),
    "own_ids": lambda: AMLResponse("hello", 200, {"x-request-id": "mine", "x-ms-client-request-id": "mine"}),
    "own_failed": lambda: AMLResponse("hello", 200, {"x-ms-run-function-failed": "perhaps"}),
    "own_failed_500": lambda: AMLResponse("hello", 500, {"x-ms-run-function-failed": "perhaps"}),
    "status_299": lambda: AMLResponse("hello", 299),
    "status_999": lambda: AMLResponse("hello", 999),
    "status_0": lambda: AMLResponse("hello", 0),
    "status_99": lambda: AMLResponse("hello", 99),
    "status_1000": lambda: AMLResponse("hello", 1000),
    "status_text": lambda: AMLResponse("hello", "200 Very Well"),
    "header_not_latin": lambda: AMLResponse("hello", 200, {"X-Own": "\u20ac"}),
    "header_latin": lambda: AMLResponse("hello", 200, {"X-Own": "\xe4"}),
    "header_newline": lambda: AMLResponse("hello", 200, {"X-Own": "a\nb"}),
    "header_int": lambda: AMLResponse("hello", 200, {"X-Own": 5}),
    "header_name_with_space": lambda: AMLResponse("hello", 200, {"X Own": "a"}),
    "empty": lambda: AMLResponse("", 200),
}


def run(data):
    return ANSWERS[data]()
