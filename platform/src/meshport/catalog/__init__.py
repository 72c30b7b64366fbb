"""What consumers find: products and ports with their state, searched and explained."""
