"""The REST door: rows of a port over HTTP, filtered, sorted and paged."""
