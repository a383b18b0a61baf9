"""What a registered step sends when a row changes: contexts, and how they travel to each kind of endpoint."""
