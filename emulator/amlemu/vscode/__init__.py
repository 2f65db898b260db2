"""
What VS Code needs for attaching: entries in `.vscode/launch.json`, put there without touching what else is in it.

In the order of `amlemu vscode`:

    command         all of it, and what is said about it
    workspace       the folder that VS Code opens, and how its launch file names the script
    entries         what we want to be there
    jsonc           JSON with comments: which value stands where
    merge           a text with our entries in it
    launch_file     the file, read and replaced
"""
