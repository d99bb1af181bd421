"""What must stay true of the repository itself: its locks, its settings' example, who reads what."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[1]
APPS = ("config", "shop", "orders", "payments", "monitoring", "backups")
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Put together here, so that this file does not hold what it looks for.
_HOSTS = [
    "pypi" + r"\.org",
    "python" + r"hosted\.org",
    "npmjs" + r"\.(?:org|com)",
    "(?:deb|security|snapshot|packages)" + r"\.debian" + r"\.org",
    "proxy" + r"\.golang" + r"\.org",
]
_OPTIONS = ["--(?:extra-)?" + "index-url", "--" + "find-links", "--" + "trusted-host"]
REGISTRY = re.compile("|".join(_HOSTS + _OPTIONS), re.IGNORECASE)
MACHINE = re.compile("/" + "work/(?:main|shared)" + "|" + r"\." + "pyenv")


def committed_files() -> list[Path]:
    """Return what git has, or would take: everything but ignored files."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    paths = (ROOT / name.decode() for name in listed.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    """Return every committed file that is text."""
    for path in committed_files():
        try:
            yield path.relative_to(ROOT), path.read_text()
        except UnicodeDecodeError:
            continue


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Return the parsed Python files of some folders."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text())


def test_no_committed_file_names_a_package_registry():
    assert [f"{path}: {found[0]}" for path, text in texts() if (found := REGISTRY.search(text))] == []


def test_no_committed_file_names_a_place_on_somebodys_machine():
    assert [f"{path}: {found[0]}" for path, text in texts() if (found := MACHINE.search(text))] == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_in_a_lock_is_pinned_and_hashed(name):
    entries = locked(name)

    assert len(entries) > 10
    assert [package for package, (version, hashes) in entries.items() if not (version and hashes)] == []


def test_the_developers_lock_pins_what_production_runs():
    production, developer = locked(LOCKS[0]), locked(LOCKS[1])

    assert [name for name, entry in production.items() if developer.get(name) != entry] == []


def test_the_locks_hold_every_dependency_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {normal(text) for text in project["dependencies"]}
    wanted_for_development = {normal(text) for text in project["optional-dependencies"]["dev"]}

    assert wanted - set(locked(LOCKS[0])) == set()
    assert (wanted | wanted_for_development) - set(locked(LOCKS[1])) == set()


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Return each package's version and number of hashes."""
    found: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text().replace("\\\n", "")):
        pinned = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;]+)", entry)
        if pinned:
            found[normal(pinned[1])] = (pinned[2], entry.count("--hash=sha256:"))
        else:
            assert not re.match(r"[A-Za-z0-9]", entry), f"{name}: not pinned: {entry.splitlines()[0]}"
    return found


def normal(requirement: str) -> str:
    """Return the name that a requirement is about, spelled as locks spell it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def read_variables() -> set[str]:
    """Return every environment variable that config reads."""
    found = set()
    for path in (ROOT / "config").rglob("*.py"):
        text = path.read_text()
        found |= set(re.findall(r"""(?:\benv(?:\.\w+)?|\brequired|\bflag|\bchoice)\(\s*"([A-Z][A-Z0-9_]*)\"""", text))
        found |= set(re.findall(r"""os\.environ\.get\(\s*"(SHOP_[A-Z0-9_]+)\"""", text))
    return found


def test_the_example_lists_exactly_the_variables_that_are_read():
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert len(listed) == len(set(listed))
    assert set(listed) == read_variables()


def test_every_variable_in_the_example_is_explained():
    unexplained, explained = [], False
    for line in (ROOT / ".env.example").read_text().splitlines():
        if variable := re.match(r"#?([A-Z][A-Z0-9_]*)=", line):
            if not explained:
                unexplained.append(variable[1])
        else:
            explained = line.startswith("# ") and not line.startswith("# ---")

    assert unexplained == []


def test_the_environment_is_read_in_one_place():
    """Others may pass ``os.environ`` on to a child, or set a default; they never look something up in it."""
    readers = []
    for path, tree in modules(*APPS):
        if path == Path("config/env.py") or path.is_relative_to("payments/simulator"):
            continue
        for node in ast.walk(tree):
            looked_up = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_environ(node.value)
            got = isinstance(node, ast.Attribute) and node.attr in {"get", "pop"} and is_environ(node.value)
            if looked_up or got or (isinstance(node, ast.Attribute) and node.attr == "getenv"):
                readers.append(f"{path}: {ast.unparse(node)}")

    assert readers == []


def is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def test_the_simulator_shares_no_code_with_the_shop():
    """It stands in for somebody else's service: sharing code would let both be wrong together."""
    shared = []
    for path, tree in modules("payments/simulator"):
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            shared += [
                f"{path}: {name}"
                for name in names
                if name.partition(".")[0] in {*APPS, "django"} and not f"{name}.".startswith("payments.simulator.")
            ]

    assert shared == []


def test_every_cron_job_is_a_command_that_exists():
    assert {entry[2][0] for entry in settings.CRONJOBS} - set(get_commands()) == set()


@pytest.mark.parametrize("name", [name for name, app in sorted(get_commands().items()) if app in APPS])
def test_the_help_of_every_command_begins_with_examples_and_ends_with_exit_codes(name):
    command = load_command_class(get_commands()[name], name)

    text = command.create_parser("manage.py", name).format_help()

    before, _, options = text.partition("\noptions:")
    assert re.search(rf"^examples:\n  ([A-Z_]+=\S+ )*manage\.py {name}\b", before, re.MULTILINE)
    assert "exit codes:" in options.lower()


def test_the_scripts_are_executable_and_speak_plain_shell():
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    subprocess.run(["sh", "-n", str(script)], check=True)
