"""Counts init() and run() in module state."""

state = {"inits": 0, "runs": 0}


def init():
    state["inits"] += 1


def run(data):
    state["runs"] += 1
    return state
