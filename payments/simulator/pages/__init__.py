"""The hosted pay page: what a customer sees and clicks. Plain forms; scripts only for the popup of ``snap.js``."""
