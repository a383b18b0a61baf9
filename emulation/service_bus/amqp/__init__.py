"""AMQP 1.0 from a socket's bytes to the ends of links.

`frames` and `websocket` cut the stream; `connection` and `channel` keep its state; `incoming` and `outgoing` are the
two ends of a link; `content` and `outcomes` read messages and what became of them; `errors` are what is refused.
Nothing here knows an entity: a connection is given what attaches its links, and a `Service` to belong to.
"""
