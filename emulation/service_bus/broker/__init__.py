"""A namespace that lasts: its journal and recovery, who may do what in it, the faults made in it.

`Broker` holds them together; it serves nobody by itself.
"""
