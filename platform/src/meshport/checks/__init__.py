"""Contract → checks → results: what a promise means for the data, and whether it is kept."""
