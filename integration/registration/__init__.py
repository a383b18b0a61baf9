"""The Dynamics side as code: what is declared, what is found, what differs, and how it becomes so."""
