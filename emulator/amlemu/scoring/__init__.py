"""
The inference server, imitated: everything between an HTTP request and the user's `run()`.

Guest half: runs in the user's interpreter on the standard library alone. Read in this order: `app` (what happens to a
request), `codec` (request to arguments, result to response), `script` (load, check, call), `gunicorn` (what the process
around it adds).
"""
