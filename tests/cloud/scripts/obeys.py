"""Does what the request's body says; notes in the file CALLS when a call begins and when it has ended."""

import json
import os
import time

from azureml.contrib.services.aml_response import AMLResponse


def note(word):
    with open(os.environ["CALLS"], "a") as calls:
        calls.write(word + "\n")


def init():
    pass


def run(data):
    note("called")
    wish = json.loads(data) if data.startswith("{") else {}
    if "waits" in wish:
        while os.path.exists(os.environ["GATE"]):
            time.sleep(0.005)
    note("finished")
    if "status" in wish:
        return AMLResponse("said by the model", wish["status"])
    if "characters" in wish:
        return AMLResponse("x" * wish["characters"], 200)
    if "raises" in wish:
        raise ValueError("as it was told")
    if "exits" in wish:
        raise SystemExit(3)
    if "dies" in wish:
        os._exit(1)
    return {"characters": len(data)}
