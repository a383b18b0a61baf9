"""What a link leads to: `$cbs`, `$management`, or an entity's messages.

`attach` decides what becomes of a link. `cbs` and `management` serve requests, which `replies` answers; `intake` takes
messages for an entity, `deliveries` carries them from it.
"""
