"""
Parity: the same requests to two servers of one script, and where they differ.

`cases/` says what is asked, `sides.py` what a server is (ours, the real one, its container, an endpoint), `play.py` asks,
`compare.py` judges, `report.py` and its neighbours tell. `cli_parity.py`, one floor up, is the command.
"""
