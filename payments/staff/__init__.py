"""What staff pages read of orders and their money, and the two jobs they start that take several services.

``lists`` finds orders (what is to ship, what needs a person), ``order_page`` reads one whole, ``start_page`` counts for
the first page; ``give_back`` and ``returns`` put services together. Nothing here knows the admin.
"""
