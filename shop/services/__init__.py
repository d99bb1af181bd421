"""Everything that writes in ``shop``; one use case per function, grouped by file."""
