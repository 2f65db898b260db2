"""
Endpoints with a name, which outlive the shell: `amlemu endpoint create -n NAME`, `amlemu deployment create -f deployment.yml`.

Each is a process of its own, the keeper, with one scoring port and the deployments behind it (`crossing.py` chooses). What is known of it lies
on a shelf, `.amlemu/endpoints/NAME` (`shelf.py`, `record.py`), and whoever holds the lock there is the only one who writes: the keeper while it
lives, else a command. `verbs.py` is what commands and Python programs ask for, `caller.py` brings it to the keeper, `operations.py` does it,
`bring_up.py` leads one deployment through the cloud's steps.
"""
