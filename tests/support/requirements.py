"""Things a test needs that pip does not install: skip politely without them, fail where all must be there."""

from __future__ import annotations

import os
import shutil

import pytest


def require_or_skip(program: str, *, install: str, present: bool | None = None) -> None:
    """Skip the test, naming the line that installs ``program``, when it is missing; fail under SHOP_REQUIRE_ALL=1.

    ``present`` says whether it is there; by default it is looked up on PATH.
    """
    if shutil.which(program) is not None if present is None else present:
        return
    message = f"{program} is not installed: {install}"
    if os.environ.get("SHOP_REQUIRE_ALL") == "1":
        pytest.fail(f"{message} (SHOP_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(message)
