"""The watch: everything is asked in rounds; what is wrong is told once, and its end to who heard of it."""
