"""The program that PostgreSQL calls for every finished WAL segment, and whether the one that it calls is ours."""

from __future__ import annotations

import re
from pathlib import Path

from backups.errors import BackupRefusedError
from config.durable import PARTIAL

MARK = ".wal-archive"
CHECKSUM = ".sha256"
_COMMAND = re.compile(r'"(/[^"]+)" "%p" "%f"')
# Both a shell and PostgreSQL read the path: nothing in it may mean anything to either.
_PLAIN = re.compile(r"/[A-Za-z0-9 _./+@,:=~-]+")

_SCRIPT = """\
#!/bin/sh
# Puts one finished WAL segment into the archive. Written by `manage.py pitr setup`; PostgreSQL calls it:
#     archive_command = '"/path/of/this/file" "%p" "%f"'
# Exit code 0: the segment is in the archive and on the disk. Otherwise PostgreSQL keeps it and tries again.
# Needs the GNU dd, sync and sha256sum.
set -u
umask @UMASK@
archive='@ARCHIVE@'
source=${1:?} name=${2:?}
target=$archive/$name
scratch=$archive/@PARTIAL@$name

fail() {
    echo "archive_wal: $name: $*" >&2
    rm -f -- "$scratch" "$scratch@CHECKSUM@"
    exit 1
}

case $name in .* | *[!0-9A-Za-z.]*) fail "that is no name of WAL" ;; esac
# A disk that is not mounted leaves an empty folder behind; the mark is on the disk.
[ -f "$archive/@MARK@" ] || fail "$archive is not there, or its disk is not mounted"

if [ -e "$target" ]; then
    # After a crash PostgreSQL hands in again what is archived already. Anything else is another server's.
    cmp -s -- "$source" "$target" || fail "the archive has another file of that name, which stays as it is"
    sync -- "$target" "$archive" || fail "cannot reach the disk"
    exit 0
fi

# What a killed run left goes first. There is one archiver, so nobody else is writing this.
rm -f -- "$scratch" "$scratch@CHECKSUM@"
sum=$(sha256sum < "$source") || fail "cannot read $source"
echo "${sum%% *}  $name" > "$scratch@CHECKSUM@" || fail "cannot write to $archive"
# Most of a segment that archive_timeout has closed early is zeros: they take no space.
dd if="$source" of="$scratch" bs=64k conv=sparse,fsync status=none || fail "cannot write to $archive"
sync -- "$scratch@CHECKSUM@" || fail "cannot reach the disk"
mv -f -- "$scratch@CHECKSUM@" "$target@CHECKSUM@" || fail "cannot rename"
# The segment's own name comes last: who sees it sees all of it.
mv -n -- "$scratch" "$target" || fail "cannot rename"
[ ! -e "$scratch" ] || fail "somebody else has just put a file of that name there"
sync -- "$archive" || fail "cannot reach the disk"
"""


def text(archive: Path, *, for_group: bool = False) -> str:
    """Return the script for the folder ``archive``; ``for_group`` lets the folder's group read what it writes.

    Raises BackupRefusedError for a path that a shell would take apart.
    """
    parts = {
        "ARCHIVE": plain(archive),
        "UMASK": "027" if for_group else "077",
        "MARK": MARK,
        "CHECKSUM": CHECKSUM,
        "PARTIAL": PARTIAL,
    }
    return re.sub(r"@([A-Z]+)@", lambda found: parts[found[1]], _SCRIPT)


def command(script: Path) -> str:
    """Return the value of ``archive_command``. Raises BackupRefusedError for an odd path."""
    return f'"{plain(script)}" "%p" "%f"'


def script_of(archive_command: str) -> Path | None:
    """Return the script that an ``archive_command`` of ours calls, None when it is somebody else's."""
    found = _COMMAND.fullmatch(archive_command)
    return Path(found[1]) if found else None


def plain(path: Path) -> str:
    """Return an absolute path as text. Raises BackupRefusedError unless everybody reads it the same way."""
    found = str(path)
    if not _PLAIN.fullmatch(found):
        raise BackupRefusedError(
            f"{found!r} cannot stand in a server's configuration: use an absolute path of letters, digits and "
            "-_./+@,:=~ or blanks (PITR_DIR)."
        )
    return found
