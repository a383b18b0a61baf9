"""What an operator or a client can ask or order; the HTTP API and the command line are two faces of it."""
