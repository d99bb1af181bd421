"""``python -m config.embedded_postgres``: the embedded server by hand.

start | stop | url | where | destroy    and    run -- COMMAND...  (the server is up while COMMAND runs)
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from config import embedded_postgres
from config.env import BASE_DIR, env


def main(arguments: list[str]) -> int:
    """Do what the first word says for the folder DATA_DIR; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded_postgres", description=__doc__)
    parser.add_argument("action", choices=["start", "stop", "url", "where", "destroy", "run"])
    parser.add_argument("command", nargs=argparse.REMAINDER, help="for run: the command, after --")
    given = parser.parse_args(arguments)
    data_dir = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
    try:
        return _act(given.action, [word for word in given.command if word != "--"], data_dir)
    except embedded_postgres.EmbeddedPostgresError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line's own output
        return 1


def _act(action: str, command: list[str], data_dir: Path) -> int:
    if action == "run":
        if env.str("DATABASE_URL", default=""):
            return subprocess.run(command, check=False).returncode  # noqa: S603 - the caller's own command
        with embedded_postgres.running(data_dir):
            return subprocess.run(command, check=False).returncode  # noqa: S603 - the caller's own command
    answer: object = None
    if action == "start":
        answer = embedded_postgres.start(data_dir)
    elif action == "stop":
        answer = "stopped" if embedded_postgres.stop(data_dir) else "was not running"
    elif action == "url":
        answer = embedded_postgres.url_of_running_server(data_dir)
    elif action == "where":
        answer = embedded_postgres.home(data_dir)
    else:
        embedded_postgres.destroy(data_dir)
    if answer is not None:
        print(answer)  # noqa: T201 - a command line's own output
    return 0 if action != "url" or answer else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
