"""Configures logging in run(), by the name in its input, and then logs."""

import logging

ACTIONS = {
    "basic_config": lambda: logging.basicConfig(level=logging.INFO, format="OWN %(levelname)s %(message)s"),
    "lower_root_level": lambda: logging.getLogger().setLevel(logging.INFO),
}


def init():
    pass


def run(data):
    ACTIONS[data]()
    logging.info("root info of %s", data)
    logging.getLogger("own.name").info("named info")
    logging.getLogger("own.name").debug("named debug")
    print("printed")
