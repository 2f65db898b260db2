"""
Where cases come from: what a person names (`find.py` recognises it), what lies beside a deployment (`folder.py`), what is made
(`generated.py`). Each returns `Case` values and sends nothing; secrets of those who recorded them are left behind here.
"""
