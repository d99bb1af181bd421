"""Pages asked for without their text: status, headers, messages and context are the real ones, drawing is left out.

A page of the staff admin takes ten times as long to draw as to decide; a walk over hundreds of them asks for the
decision. What the pages look like, other tests see.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.template.response import SimpleTemplateResponse


@contextmanager
def unrendered() -> Iterator[None]:
    """Let template responses stay empty; what they would have been drawn from is in ``context_data``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimpleTemplateResponse, "rendered_content", "")
        yield
