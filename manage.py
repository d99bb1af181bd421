#!/usr/bin/env python
"""Run an administrative command of the shop."""

import os
import sys


def main() -> None:
    """Mark the process as a command (settings then use DATABASE_DIRECT_URL), and run it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("SHOP_PROCESS", "command")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
