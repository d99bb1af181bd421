"""``python -m payments.simulator``: starts, says where it listens, runs until it is told to stop."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

from payments.simulator.server import Server
from payments.simulator.settings import SettingsError, from_environment


def main() -> int:
    """0 after a clean stop, 1 when the port is taken, 2 for wrong settings."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = from_environment(sys.argv[1:])
    except SettingsError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    try:
        server = Server(settings)
    except OSError as error:
        sys.stderr.write(f"simulator: cannot listen on {settings.host}:{settings.port}: {error.strerror}\n")
        return 1

    def stop(_number: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop that this handler interrupts, so it needs a thread of its own.
        threading.Thread(target=server.stop, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"simulator listening on {server.base_url}\n")
    sys.stdout.flush()
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
