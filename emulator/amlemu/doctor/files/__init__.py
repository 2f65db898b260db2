"""The checks of what the script loads from disk: models, pickles, files that the server reads."""
