"""The API of orders and payments: what needs an order together with its money stands above ``orders``."""
