"""
Tells what a status, an error, an exit code or a log of Azure ML means: offline, each answer with its source.

`entries.py` has what is known about words, `find.py` finds it; `lines.py`, `tracebacks.py`, `signs.py` and `log.py` read a log.
"""
