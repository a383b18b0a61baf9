"""Before an event is routed: guards, completion of what was cut, and the newest number of each kind."""
