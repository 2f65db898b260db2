"""
What the cloud does not have and a person at the keyboard wants: `reloader` acts on saved files, `overseer` tells the control port how
things are, `aids` starts and stops both for the emulator.
"""
