"""Publication to a real PostgreSQL server."""
