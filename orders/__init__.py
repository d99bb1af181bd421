"""What a customer asked for and what became of it: checkout, orders, their events, shipments and shipping rates.

Knows nothing of payments: what needs an order and its money stands in ``payments``.
"""
