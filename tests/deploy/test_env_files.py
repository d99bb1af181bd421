"""What operators copy into an env file is read as it is meant, by systemd and by the shop."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.deploy.test_deploy_files import ROOT

PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / ".env.example"]
ASSIGNED = re.compile(r"""^\s*\#?(?:export\s+)?[A-Z][A-Z0-9_]*=(?:"[^"]*"|'[^']*'|(?:[^\s"'#]\S*)?)\s+\#""")
READ = "import json; from config import settings as s; print(json.dumps([s.SECRET_KEY, s.MIDTRANS_IS_PRODUCTION]))"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_comment_stands_behind_a_value(page: Path) -> None:
    """Neither systemd's EnvironmentFile nor django-environ cuts one off."""
    assert [line for line in page.read_text().splitlines() if ASSIGNED.match(line)] == []


def test_a_comment_behind_a_value_would_be_found() -> None:
    assert ASSIGNED.match("    MIDTRANS_IS_PRODUCTION=off  # on takes real money")
    assert ASSIGNED.match('NAME="a # b" # c')
    assert ASSIGNED.match("NAME=  # c")
    assert not ASSIGNED.match('NAME="a # b"')
    assert not ASSIGNED.match("DATA_DIR=/tmp/second manage.py run_shop       # another one beside it")


@pytest.mark.processes
def test_the_least_settings_of_the_page_on_installing_start_the_shop(tmp_path: Path) -> None:
    page = (ROOT / "docs/install.md").read_text()
    block = re.search(r"\n\n((?:    .*\n)+)", page[page.index("## 3. Settings") :])
    assert block
    (tmp_path / "env").write_text(textwrap.dedent(block[1]))
    environment = {"PATH": os.environ["PATH"], "SHOP_ENV_FILE": str(tmp_path / "env")}

    done = subprocess.run(
        [sys.executable, "-c", READ], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == ["...", False]
