"""Databases and files: dumps, restores, point-in-time recovery. Knows nothing of orders."""
