"""
Whether a deployment would start, tried: `amlemu check FILE` boots it once, sends it its sample request, and says what the cloud would.

`boot.py` tries, `causes.py` finds the cloud's words for what went wrong, `verdict.py` puts the first of it first; `report.py` has the values.
"""
