"""What is done for an event runs under the journal's claim, and is entered there."""
