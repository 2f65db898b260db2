"""
Reload as a person meets it: files are saved for real, `amlemu serve` runs as a process of its own, clients keep asking.
"""
