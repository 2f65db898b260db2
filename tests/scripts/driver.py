"""A generated driver: its own run() is skipped for the one of `driver_module`, its own init() is not."""

import counts_calls as driver_module


def init():
    driver_module.init()
    driver_module.init()


def run(data):
    return "the run of the driver"
