"""Whether the shop is well, and who is told: jobs and their heartbeats, monitors, incidents, alerts.

It reads everything and sells nothing; no other app knows it.
"""
