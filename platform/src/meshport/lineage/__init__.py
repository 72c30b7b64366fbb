"""Who relies on which column: lineage of columns across the mesh, its consumers, and impact."""
