"""Draws the pictures of the demo catalogue, the favicons and the share picture.

Run ``python -m tools.make_pictures``; the shop itself never imports this package.
"""
