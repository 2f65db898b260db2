"""
Every way for a worker to end or to hang, over real processes and sockets: one end each per profile, and nobody else loses.

`kinds` is the table, `places` serves and asks, `stories` lets each kind happen once and keeps what was seen of it.
"""
