"""One result of comparing contracts, and every form in which people and tools read it."""
