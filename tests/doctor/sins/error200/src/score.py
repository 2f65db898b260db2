
import json, os, joblib
def init():
    global model
    model = joblib.load(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model.pkl"))
def run(raw):
    try:
        return model.predict(json.loads(raw)["data"]).tolist()
    except Exception as e:
        return str(e)
