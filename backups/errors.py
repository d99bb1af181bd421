"""How backing up and restoring say no. For operators, in English; never shown to customers."""

from __future__ import annotations


class BackupError(Exception):
    """Something about backups went wrong. The message says what to do and holds no secret."""


class BackupFailedError(BackupError):
    """A step failed: a program, the disk, the server. Nothing that looks like a good backup was left."""


class BackupBusyError(BackupFailedError):
    """Somebody holds a lock that is in the way: a migration, most likely. It may work a moment later."""


class BackupLostError(BackupFailedError):
    """The server went away or is starting, or somebody killed the program. It may work a moment later, and says nothing
    about the backup.
    """


class BackupSpaceError(BackupFailedError):
    """There is no room."""


class BackupProgramError(BackupFailedError):
    """A program of PostgreSQL ended badly, and neither a lock nor the server nor a disk was the reason: so it is what
    the program was given.
    """


class BackupOffsiteError(BackupError):
    """The bucket cannot be reached, refuses, or gave back something else. The backup here is as good as before."""


class BackupCorruptError(BackupError):
    """A backup is not what its manifest says; it must not be restored."""


class BackupLockedError(BackupError):
    """Another backup, verification or restore of the same shop is at it."""


class BackupRefusedError(BackupError):
    """It could be done and would do harm, or the operator did not confirm."""


class BackupUsageError(BackupError):
    """The command names something that does not exist or does not fit together."""


class BackupInterruptedError(BackupError):
    """Somebody asked us to stop; what was begun was undone."""
