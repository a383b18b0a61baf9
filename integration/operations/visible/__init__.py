"""The same operations for who may see some organizations: any other is not there."""
