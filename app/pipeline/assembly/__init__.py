"""What the records of a project amount to: claims, proofs, the path, the loop ledger and what contradicts itself. Pure."""
