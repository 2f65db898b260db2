"""
What is shown of a run: `text.py` to a person, `data.py` to programs, `junit.py` to CI, `page.py` in a browser.
"""
