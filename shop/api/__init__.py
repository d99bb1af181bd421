"""The API of the catalogue, the tokens and the addresses. Orders and payments have theirs in ``payments``."""
