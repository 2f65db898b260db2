"""
Makes the inference server of a container debuggable: its worker listens for an editor before it loads the script.

Standard library only, Python 3.8 syntax: it runs beside the script, in whatever Python the image has. No start fails because of it.
`server.py` finds the server, `port.py` listens, `script.py` serves scripts that want to listen themselves, `output.py` shows the
editor what they print.
"""
