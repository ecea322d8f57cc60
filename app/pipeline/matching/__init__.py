"""Which records are the same project: pure functions of statements and people's words, versioned as one rule set."""
