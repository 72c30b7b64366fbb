"""What changed from one release to the next, for every door that tells."""
