"""Has an `async def run`, whose coroutine cannot be encoded."""


def init():
    pass


async def run(data):
    return data
