"""
What a server has said, in a file: `recording.py` writes and reads it, `sealed.py` tells whether somebody has edited it.
"""
