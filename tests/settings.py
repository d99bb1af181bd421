"""The shop's own settings, with one thing changed: passwords are hashed fast."""

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
