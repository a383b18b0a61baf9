"""Which fno-link this is: what is deployed has no metadata of a distribution, so the code says it itself."""

VERSION = "0.1.0"
"""That of pyproject.toml; a test compares them."""
