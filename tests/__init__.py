"""The tests: a folder for each part of the product; what several of them need is here."""
