"""Has an `async def init`, whose coroutine nobody awaits."""

state = "init never ran"


async def init():
    global state
    state = "init ran"


def run(data):
    return state
