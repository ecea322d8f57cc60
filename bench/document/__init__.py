"""How much of what the server itself can the document door serves, looked up each time or kept."""
