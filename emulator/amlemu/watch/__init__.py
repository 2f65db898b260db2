"""
Seeing that somebody has saved a file: sets of changed paths, filtered and debounced. What follows from them is not decided here.

In the order of a save:

    eyes            the protocol of what sees, and which of the three is right here
    by_events       Linux: the kernel tells; `inotify` is its descriptor
    by_watchdog     macOS and Windows: watchdog tells
    by_looking      where nobody tells: look, wait, look again
    rules           which files count, which folders are entered; `tree` walks through those
    patterns        those of the user and of the ignore file
    absences        folders that cannot be seen now, told once and again when they are back
    file_systems    where a folder lies, and whether its changes are told
    burst           many changes are one
    contents        a change that leaves the content alike is none
    watcher         all of it in one thread; calls back in the event loop
    own_writes      what the script itself writes is nobody's save; asked by whoever reloads
"""
