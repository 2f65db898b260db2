"""
The control port: a second door, for the commands of whoever runs the server. Loopback only, with a token, a port of its own.

`app.py` puts the routes of `routes.py` behind `door.py`; `port.py` opens and closes the whole, and leaves the note
(`note.py`) by which the commands, through `client.py`, find it. What the routes may do comes in as a `Controlled`;
`emulator.py` is one. FastAPI is imported when the port starts, not before.
"""
