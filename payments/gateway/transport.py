"""The HTTP under ``midtransclient``: a total deadline, no redirects, a bounded answer. The client itself has none."""

from __future__ import annotations

from typing import Any

import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from config.deadline import NotBegunError, run_within
from config.plain_session import AnswerTooLargeError, PlainSession, read_body
from payments.errors import GatewayUnavailableError

CONNECT_TIMEOUT_S = 3.0
MAX_ANSWER_BYTES = 512 * 1024


class DeadlineTransport:
    """Takes the place of the ``requests`` module inside midtransclient's HttpClient; one per deadline."""

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send one request, answering within the deadline in total.

        Raises GatewayUnavailableError; ``sent`` is False only when no connection was made.
        """
        options |= {
            "stream": True,
            "timeout": (min(CONNECT_TIMEOUT_S, self.deadline_s), self.deadline_s),
        }

        def work() -> requests.Response:
            with PlainSession() as session:
                response = session.request(method, url, **options)
                response._content = read_body(response, most=MAX_ANSWER_BYTES)
            return response

        try:
            return run_within(self.deadline_s, work)
        except NotBegunError as error:
            raise GatewayUnavailableError("no time left to ask", sent=False) from error
        except TimeoutError as error:
            raise GatewayUnavailableError("no answer in time", sent=True) from error
        except AnswerTooLargeError as error:
            raise GatewayUnavailableError("answer too large", sent=True, answered=True) from error
        except (requests.exceptions.ConnectTimeout, requests.exceptions.InvalidURL) as error:
            raise GatewayUnavailableError("no connection", sent=False) from error
        except requests.exceptions.ConnectionError as error:
            raise GatewayUnavailableError("connection failed", sent=not _refused(error)) from error
        except requests.exceptions.RequestException as error:
            raise GatewayUnavailableError(type(error).__name__, sent=True) from error


def _refused(error: requests.exceptions.ConnectionError) -> bool:
    """Say whether the connection was never made. urllib3 wraps it: MaxRetryError -> NewConnectionError."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(reason, NewConnectionError | NameResolutionError)
