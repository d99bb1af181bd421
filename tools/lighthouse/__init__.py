"""Measures the shop's pages as a phone on a slow network sees them, and compares them with their budgets."""
