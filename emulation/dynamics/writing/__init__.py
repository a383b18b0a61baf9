"""Writing rows by the Web API: what is given, what becomes of it, and what is answered."""
