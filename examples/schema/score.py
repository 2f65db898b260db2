"""Price parcels: an inference-schema script, which gets a DataFrame and an array instead of text."""

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema, output_schema

SAMPLE_PARCELS = pd.DataFrame(
    {
        "weight_kg": [2.5, 11.0],
        "distance_km": [120, 640],
        "express": [False, True],
    }
)
STANDARD_TARIFF = np.array([4.0, 0.5, 0.01])  # euro: each parcel, each kg, each km
EXPRESS_FACTOR = 1.5


def init():
    """Nothing to load; Azure ML insists that init() exists."""


@input_schema("parcels", PandasParameterType(SAMPLE_PARCELS))
@input_schema("tariff", NumpyParameterType(STANDARD_TARIFF))
@output_schema(NumpyParameterType(np.array([6.45, 23.85])))
def run(parcels, tariff=STANDARD_TARIFF):
    """
    Price each parcel.

    Args:
        parcels: columns and types as in SAMPLE_PARCELS, any number of rows.
        tariff: three numbers in euro, as in STANDARD_TARIFF, which is used when the request has none.

    Returns:
        One price a parcel, in euro, in the order of the rows.
    """
    each, per_kg, per_km = tariff
    prices = each + per_kg * parcels["weight_kg"] + per_km * parcels["distance_km"]
    prices = prices.where(~parcels["express"], prices * EXPRESS_FACTOR)
    return prices.round(2).tolist()
