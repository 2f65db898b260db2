"""Has a data frame in `split` form for a sample, which Swagger 2.0 cannot express."""

import pandas
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("data", PandasParameterType(pandas.DataFrame({"a": [1], "b": ["x"]}), orient="split"))
def run(data):
    return data.to_dict(orient="split")
