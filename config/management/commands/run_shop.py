"""Everything `make run` starts: database, migrations, demo shop, payment simulator, web server, cron jobs."""

from __future__ import annotations

import fcntl
import http.client
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import CommandError

from config import embedded_postgres
from config.commands import CommandWithExamples
from config.env import BASE_DIR, env
from config.processes import Supervisor, port_is_free

START_WAIT_S = 60.0
_POLL_S = 0.05
# Requests have this long to end; then gunicorn, and everything else, is ended.
_REQUESTS_GRACE_S = 10
_STOP_GRACE_S = 15.0


class _Probe(NamedTuple):
    """A question that a server answers once it is up."""

    name: str
    host: str
    port: int
    path: str
    host_header: str
    only_200: bool = False

    def answers(self) -> bool:
        """Ask once; at most two seconds."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        try:
            connection.request("GET", self.path, headers={"Host": self.host_header})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return status == 200 or not self.only_200


class Command(CommandWithExamples):
    """Starts the shop, watches it, and stops all of it on SIGTERM, SIGINT or SIGHUP."""

    help = (
        "Run the whole shop on this machine until Ctrl-C or SIGTERM. Uses the embedded PostgreSQL unless DATABASE_URL "
        "is set."
    )
    examples = """\
examples:
  manage.py run_shop                                  the shop on 127.0.0.1:8000, its data under .data/ (make run)
  DATA_DIR=/tmp/second PORT=8100 SIMULATOR_PORT=8101 manage.py run_shop       another one beside it
"""
    exit_codes = "exit codes: 0 stopped as asked, 1 something failed"
    _said = ""  # by the steps of the preparation
    requires_system_checks = ()  # they are migrate's; this process itself never talks to the database

    def handle(self, **options: Any) -> None:
        """Run until told to stop. Raises CommandError naming what failed."""
        # Until there are children to look after, a signal simply ends what is going on.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            with self._only_one(), self._database():
                self._run_with_database()
        except KeyboardInterrupt:
            self._say("Stopped.")
        except embedded_postgres.EmbeddedPostgresError as error:
            raise CommandError(str(error)) from error

    def _run_with_database(self) -> None:
        supervisor = Supervisor(grace_s=_STOP_GRACE_S)
        supervisor.listen()
        try:
            if not self._prepare(supervisor):
                return
            self._start_all(supervisor)
            self._wait_for_answer(supervisor)
            if not supervisor.stop_asked:
                self._tell()
            self._watch(supervisor)
        finally:
            self._say("Stopping ...")
            for name in supervisor.stop_all():
                self.stderr.write(f"The {name} did not stop in {_STOP_GRACE_S:.0f} s and was killed.")
        self._say("Stopped.")

    # --- before anything is started ---

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Refuse a second shop on the same data folder or the same ports, before anything is started."""
        data_dir: Path = settings.DATA_DIR
        data_dir.mkdir(parents=True, exist_ok=True)
        with (data_dir / "run_shop.lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                raise CommandError(
                    f"The shop of {data_dir} is running already ({handle.read().strip() or 'starting'}). "
                    "For a second one set DATA_DIR, PORT and SIMULATOR_PORT.",
                ) from None
            wanted = [("PORT", settings.HOST, settings.PORT)]
            if self._simulated:
                wanted.append(("SIMULATOR_PORT", "127.0.0.1", settings.SIMULATOR_PORT))
            for name, host, port in wanted:
                if not port_is_free(host, port):
                    raise CommandError(f"{host}:{port} is taken by another program. Set {name} to a free port.")
            handle.truncate(0)
            handle.write(f"{settings.SITE_URL}, process {os.getpid()}")
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)

    @contextmanager
    def _database(self) -> Iterator[None]:
        """Have a database for as long as the block lasts; the embedded one is stopped if nobody else uses it."""
        if env.str("DATABASE_URL", default=""):
            self._say("Database: the one in DATABASE_URL.")
            yield
            return
        if not settings.DEBUG:
            raise CommandError("The embedded database is for development: set DEBUG=on or DATABASE_URL.")
        with embedded_postgres.running(settings.DATA_DIR):
            self._say(f"Database: embedded PostgreSQL, files in {embedded_postgres.home(settings.DATA_DIR)}")
            yield

    # --- starting ---

    def _prepare(self, supervisor: Supervisor) -> bool:
        """Migrate and seed (or collect static files); False when a stop was asked for meanwhile."""
        # The demo shop and its known passwords are for a developer's machine alone.
        for command in ("migrate", "seed_demo" if settings.DEBUG else "collectstatic"):
            if command not in get_commands():  # an upper app's command is not for this app to insist on
                continue
            argv = [sys.executable, "manage.py", command, "--verbosity", "0"]
            argv += ["--no-input"] if command == "collectstatic" else []
            with tempfile.TemporaryFile() as output:
                code = supervisor.run(command, argv, env=_environment("command"), cwd=BASE_DIR, output=output)
                output.seek(0)
                said = output.read().decode(errors="replace").strip()
            if code is None:
                return False
            if code != 0:
                self.stderr.write(said)
                raise CommandError(f"manage.py {command} failed (exit code {code}); its message is above.")
            self._said = "\n".join(filter(None, (self._said, said)))
        return True

    def _start_all(self, supervisor: Supervisor) -> None:
        if self._simulated:
            back = f"{settings.SITE_URL}/pembayaran/selesai/"
            supervisor.start(
                "payment simulator",
                [
                    *(sys.executable, "-m", "payments.simulator", "--port", str(settings.SIMULATOR_PORT)),
                    *("--notification-url", f"{settings.SITE_URL}/api/payment/notification"),
                    *("--finish-url", back, "--unfinish-url", back, "--error-url", back),
                    *("--state-file", str(settings.DATA_DIR / "simulator.json")),
                ],
                env={
                    **_environment("web"),
                    # Not as arguments: other users of the machine can read those.
                    "SIMULATOR_SERVER_KEY": settings.MIDTRANS_SERVER_KEY,
                    "SIMULATOR_CLIENT_KEY": settings.MIDTRANS_CLIENT_KEY,
                },
                cwd=BASE_DIR,
            )
        supervisor.start(
            "web server",
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
                *("--bind", f"{settings.HOST}:{settings.PORT}"),
                *("--config", "python:config.web_server", "--graceful-timeout", str(_REQUESTS_GRACE_S)),
            ],
            env=_environment("web"),
            cwd=BASE_DIR,
        )
        if settings.SCHEDULER:
            argv = [sys.executable, "manage.py", "run_scheduler"]
            supervisor.start("scheduler", argv, env=_environment("command"), cwd=BASE_DIR)

    def _wait_for_answer(self, supervisor: Supervisor) -> None:
        """Return when web server and simulator answer, or a stop was asked for."""
        site = urlsplit(settings.SITE_URL).netloc
        waiting = [_Probe("web server", _reachable(settings.HOST), settings.PORT, "/healthz", site, only_200=True)]
        if self._simulated:
            waiting.append(_Probe("payment simulator", "127.0.0.1", settings.SIMULATOR_PORT, "/", "127.0.0.1"))
        deadline = time.monotonic() + START_WAIT_S
        while waiting and not supervisor.stop_asked:
            _complain_about_the_dead(supervisor)
            waiting = [probe for probe in waiting if not probe.answers()]
            if waiting and time.monotonic() > deadline:
                names = " and the ".join(probe.name for probe in waiting)
                raise CommandError(f"No answer from the {names} after {START_WAIT_S:.0f} s.")
            time.sleep(_POLL_S)

    # --- running ---

    def _watch(self, supervisor: Supervisor) -> None:
        while not supervisor.stop_asked:
            _complain_about_the_dead(supervisor)
            time.sleep(_POLL_S)

    def _tell(self) -> None:
        """Print where everything is, once it is there."""
        lines = ["", f"The shop is open:   {settings.SITE_URL}/", f"  staff             {settings.SITE_URL}/admin/"]
        if self._simulated:
            lines.append(f"  Midtrans          simulated, http://127.0.0.1:{settings.SIMULATOR_PORT}/")
        if "FileBackend" in settings.EMAIL_BACKEND:
            lines.append(f"  mails             files in {settings.EMAIL_FILE_PATH}")
        lines.append(f"  cron jobs         {'run here' if settings.SCHEDULER else 'off (SCHEDULER=off)'}")
        lines += [self._said] if self._said else []  # seed_demo tells the logins
        self._say("\n".join([*lines, "Ctrl-C stops all of it.", ""]))

    @property
    def _simulated(self) -> bool:
        address = urlsplit(settings.MIDTRANS_CORE_URL)
        return address.hostname == "127.0.0.1" and address.port == settings.SIMULATOR_PORT

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _environment(process: str) -> dict[str, str]:
    """Return the children's environment: ours, with what kind of process they are (config.databases asks)."""
    return {**os.environ, "SHOP_PROCESS": process, "PYTHONUNBUFFERED": "1"}


def _complain_about_the_dead(supervisor: Supervisor) -> None:
    dead = supervisor.first_dead()
    # A Ctrl-C that reached a child by another way than us is a stop as well, not a failure.
    if dead is not None and not supervisor.stop_asked:
        raise CommandError(f"The {dead.name} ended by itself (exit code {dead.process.returncode}); see above.")


def _reachable(host: str) -> str:
    """Return an address to call a server by that listens on ``host``."""
    return "127.0.0.1" if host in {"", "0.0.0.0"} else host  # noqa: S104 - compared, not bound
