"""The projection of all journals into DuckDB. Only this package opens the workspace database."""
