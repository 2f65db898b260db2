"""
Worker processes: `handle` is the host's view of one, `child` the guest's main loop, `protocol` what they say. Where the
script is loaded before the workers are made, `forks` is the host's view of the process they are forked from, `zygote` the
guest's.
"""
