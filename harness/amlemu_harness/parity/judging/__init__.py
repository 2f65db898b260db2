"""
What the comparison thinks of it: `compare.py` goes through a run, `judge.py` judges a case, `rules.py` says what may differ. `surroundings.py`
and `drift.py` judge what a script finds around itself.
"""
