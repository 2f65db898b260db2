"""Has a run() with `request_headers` and nothing else."""


def init():
    pass


def run(request_headers):
    return request_headers
