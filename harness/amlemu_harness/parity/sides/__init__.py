"""
Who is asked: `ours.py`, `azmlinfsrv.py` (the real server's command), `contained.py` (its container), `remote.py` (an endpoint). What a side
is to those who ask it is `side.py`; the rest is what they need of processes and folders.
"""
