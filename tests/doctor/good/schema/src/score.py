
import os, joblib
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
def init():
    global model
    model = joblib.load(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl"))
@input_schema("data", NumpyParameterType(np.array([[1.0,2.0]])))
@output_schema(NumpyParameterType(np.array([1.0])))
def run(data):
    try:
        return model.predict(data).tolist()
    except Exception as e:
        raise
