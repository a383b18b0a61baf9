"""One file a check: each asks one question of a counterpart, in bounded time, and never raises for its answer."""
