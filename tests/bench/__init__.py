"""
Measures amlemu beside the real inference server: ``python -m tests.bench`` (what ``make bench`` runs).

``bench.py`` says what is compared, ``comparison.py`` holds figures and verdicts, ``report.py`` writes them;
``contenders.py`` starts the two servers, ``measure.py`` takes the figures, ``saves.py`` and ``idle.py`` those about
reloading, ``processes.py`` looks after the processes.
"""
