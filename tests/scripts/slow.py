"""Takes as long as its input says, and shows what a time limit does to it."""

import json
import signal
import time

state = {"counted": 0}


def init():
    pass


def _sleep(seconds):
    started = time.monotonic()
    time.sleep(seconds)
    return [started, time.monotonic()]


def _count(seconds):
    time.sleep(seconds)
    state["counted"] += 1


def _catch(seconds):
    try:
        time.sleep(seconds)
    except TimeoutError:
        time.sleep(seconds)  # the alarm rings once
        return "caught"


def _in_c(seconds):
    is_early = (time.monotonic() + seconds).__gt__
    all(map(is_early, iter(time.monotonic, None)))  # one long call: no bytecode, so no signal handler, until it ends
    return "not interrupted"


ACTIONS = {
    "sleep": _sleep,
    "count": _count,
    "catch": _catch,
    "in_c": _in_c,
    "counted": lambda _: state["counted"],
    "alarm_left": lambda _: signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    "alarm_handler": lambda _: str(signal.getsignal(signal.SIGALRM)).startswith("<function"),
}


def run(data):
    action, argument = json.loads(data)
    return ACTIONS[action](argument)
