"""Money owed, attempted, received and given back, and every use case that needs an order together with its money.

Cancel, expire, refund, the order page with its pay button and the order API stand here. ``payments.simulator`` is a
stand-alone program that plays Midtrans; nothing in the shop imports it.
"""
