"""Where a folder lies: on a disk of this machine, or on one that others reach too."""

from __future__ import annotations

import re
from pathlib import Path

# Those on which SQLite's shared memory and locks do not reach all who open a file.
_OVER_A_NETWORK = frozenset(
    (
        *("9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs"),
        *("fuse.rclone", "fuse.s3fs", "fuse.sshfs", "gpfs", "lustre", "nfs", "nfs4", "panfs"),
        *("smb3", "smbfs", "vboxsf", "virtiofs"),
    )
)
_MOUNTS = Path("/proc/self/mounts")
_ESCAPED = re.compile(r"\\([0-7]{3})")


def nearest_folder(path: Path) -> Path:
    """The folder of a path, or the nearest one above it that is there."""
    return next((folder for folder in path.absolute().parents if folder.is_dir()), Path("/"))


def network_of(folder: Path) -> str | None:
    """The kind of a network file system that a folder lies on, such as "nfs4"; None if on none.

    Known on Linux, and on Windows for paths that name a machine.
    """
    if folder.drive.startswith("\\\\"):
        return "a share"
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # other systems do not have it
        return None
    kind = kind_at(folder.resolve(), mounts)
    return kind if kind in _OVER_A_NETWORK else None


def kind_at(folder: Path, mounts: str) -> str:
    r"""The kind of file system at a folder.

    Args:
        folder: Without symbolic links.
        mounts: As the kernel lists them, see proc_pid_mounts(5): a line each, of device, place,
            kind and more; the last of one place covers those before.

    Example:
        >>> kind_at(Path("/data/my team/x"), "disk / ext4 rw\nhost:/a /data/my\\040team nfs4 rw")
        'nfs4'
    """
    kind, deepest = "", -1
    for line in mounts.splitlines():
        _, place, found, *_ = line.split(" ")
        mounted = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), place))
        if folder.is_relative_to(mounted) and len(mounted.parts) >= deepest:
            kind, deepest = found, len(mounted.parts)
    return kind
