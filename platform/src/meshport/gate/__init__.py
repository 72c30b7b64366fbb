"""The contract gate: what a change of the mesh does to whom, known before it is merged."""
