"""Real HTTP on a loopback socket: reads a request, lets ``App`` answer, writes the reply as its manner says."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from payments.simulator.app import App
from payments.simulator.settings import Settings
from payments.simulator.web import Reply, Request, json_reply

logger = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024


class Server(ThreadingHTTPServer):
    """The listening socket, its app and the event that ends every wait."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024  # bursts of new connections must not be refused

    def __init__(self, settings: Settings) -> None:
        self.app = App(settings)
        self.stopping = threading.Event()
        super().__init__((settings.host, settings.port), Handler)
        self.base_url = f"http://{settings.host}:{self.server_address[1]}"

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the host's name, which can take seconds and is not needed.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def run(self) -> None:
        """Serve until ``stop``."""
        self.app.start()
        try:
            self.serve_forever(poll_interval=0.1)
        finally:
            self.stopping.set()
            self.app.stop()
            self.server_close()

    def stop(self) -> None:
        """End ``run`` from another thread."""
        self.stopping.set()
        self.shutdown()


class Handler(BaseHTTPRequestHandler):
    """One connection; requests on it follow one another."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    timeout = 75

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        logger.debug("simulator.http", extra={"line": format % args})

    def version_string(self) -> str:
        return "simulator"

    def _serve(self) -> None:
        body = self._read_body()
        if body is None:
            self.close_connection = True
            self._write(json_reply(413, {"error": "The request body is too large or has no length."}))
            return
        parts = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=self.headers,
            body=body,
            base_url=self.server.base_url,
        )
        try:
            reply = self.server.app.handle(request)
        except Exception:
            logger.exception("simulator.request_failed", extra={"path": request.path})
            reply = json_reply(500, {"error": "The simulator itself has failed; its log says how."})
        # A customer who left, or a caller that gave up, is no fault of ours.
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._send(reply)

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal() or int(length) > LARGEST_BODY:
            return None
        return self.rfile.read(int(length)) if int(length) else b""

    def _send(self, reply: Reply) -> None:
        match reply.manner:
            case "close":
                self._hang_up()
            case "hang":
                self.server.stopping.wait(reply.seconds)
                self._hang_up()
            case "drip":
                self._drip(reply)
            case _:
                self._write(reply)

    def _write(self, reply: Reply) -> None:
        self._write_head(reply)
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _write_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _drip(self, reply: Reply) -> None:
        """One byte at a time: slower in total than any single read time-out notices."""
        self._write_head(reply)
        pause = reply.seconds / max(len(reply.body), 1)
        for position in range(len(reply.body)):
            self.wfile.flush()
            if self.server.stopping.wait(pause):
                return
            self.wfile.write(reply.body[position : position + 1])

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
