"""The ways in which the simulator says no. Each knows the answer it becomes."""

from __future__ import annotations


class SimulatorError(Exception):
    """Base of the refusals below."""


class SnapError(SimulatorError):
    """A Snap refusal: an HTTP status and ``error_messages``."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.status = status
        self.messages = list(messages)


class CoreError(SimulatorError):
    """A Core refusal: a code in the body, nearly always under HTTP 200."""

    def __init__(self, code: int, message: str, *, validation: list[str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.validation = validation


class ControlError(SimulatorError):
    """A refusal of our own control API: an HTTP status and one sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
