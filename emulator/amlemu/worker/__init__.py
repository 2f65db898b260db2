"""
Worker processes: `handle` is the host's view of one, `child` the guest's main loop, `protocol` what they say.
"""
