"""
Random sequences of requests: `walk.py` asks, `moves.py` draws them, `draft.py` and its neighbours say what can be done to a request.
"""
