"""How a file differs from another that should be equal: the first column, parameter or tensor, and by how much."""
