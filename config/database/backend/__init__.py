"""Django's database engine of the shop; see ``base``."""
