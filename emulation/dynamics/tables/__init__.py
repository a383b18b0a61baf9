"""The tables that Dataverse itself has: their columns, their rows from the start, and what they refuse."""
