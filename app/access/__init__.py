"""Who may do and see what: roles, reach and one rule for each route; values only, no database and no HTTP."""
