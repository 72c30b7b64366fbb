"""What happened in the mesh, told to those it concerns."""
