"""How much of what the server itself can take the push door takes, durably."""
