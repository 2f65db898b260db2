
import json, logging, traceback
def init():
    pass
def run(raw):
    try:
        return {"sum": sum(json.loads(raw)["data"])}
    except Exception:
        return {"error": traceback.format_exc()}
