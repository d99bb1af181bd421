"""The demo shop: its catalogue, its pictures and the addresses of its one customer.

Data only. ``seed_demo`` reads it through the services; ``python -m tools.make_pictures`` draws the pictures.
"""
