"""What changed in a promise: two contracts compared clause by clause, and what follows from it."""
