"""A local Midtrans: Snap, Core API, hosted pay page and signed webhooks over real HTTP.

A stand-alone process (``python -m payments.simulator``) that imports neither Django nor any app of the shop,
and that the shop never imports: the two meet only on the wire. ``README.md`` beside this file is its manual.
"""
