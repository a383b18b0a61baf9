"""The Power Platform API: what it says of the environment that an organization is in."""
