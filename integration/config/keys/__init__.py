"""The keys of fno-link.toml: what each is called, what it holds, and what follows from a configuration alone."""
