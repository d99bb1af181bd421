"""What is for sale and how much of it there is, who the customer is, and what is in the cart.

Knows nothing of orders, payments or the gateway: an order is only a reference text on a reservation.
"""
