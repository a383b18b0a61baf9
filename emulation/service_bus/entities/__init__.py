"""Queues, topics, subscriptions, sessions: what holds messages, and by which rules they are handed out.

Synchronous and in memory. `namespace` finds entities by their addresses; `ports` and `alarm` are what they need of
their surroundings, `receiver` is whom they hand a message to. Nothing here knows a connection or a file.
"""
