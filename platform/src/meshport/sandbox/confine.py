"""What the kernel holds a sandboxed process to: memory, processor, files, network.

Limits of the process (setrlimit) hold everywhere. Where the kernel is Linux and allows it, the
process also has no network (a namespace of its own) and can open its files and no others
(Landlock), whatever the engine believes.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_FILES_BELOW = 1
_READ_FILE = 1 << 2
# How many kinds of access to files each version of Landlock knows, from version 1 on.
_FILE_RIGHTS = (13, 14, 15, 15, 16)
_FALLBACK_MB = 2048


def limit_process(memory_mb: int, seconds: float) -> None:
    """Bound memory beyond what the process has, and processor time; no writing, no core dump."""
    _limit(resource.RLIMIT_AS, (_address_space_mb() + memory_mb) * 2**20)
    _limit(resource.RLIMIT_CPU, int(seconds) + 1)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def limit_files(most: int) -> None:
    """Bound how many files are open at once."""
    _limit(resource.RLIMIT_NOFILE, most)


def rehearse_landlock(version: int) -> None:
    """Touch what `open_only` will need."""
    os.close(_ruleset(version))


def _limit(kind: int, most: int) -> None:
    # The hard limit stays, so that a process that waits can be given more when it is asked.
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _address_space_mb() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return _FALLBACK_MB
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def leave_network() -> bool:
    """Go where there is no network, for this process and those it starts; whether it worked."""
    if not sys.platform.startswith("linux"):
        return False
    # Root may at once; others may in a user namespace of their own, where the system allows it.
    wanted = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWNET | _CLONE_NEWUSER
    return bool(_libc().unshare(wanted) == 0)


def landlock_version() -> int:
    """The version of Landlock that the kernel has; 0 for none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _syscall(_LANDLOCK_CREATE, None, 0, 1))


def open_only(files: Iterable[str], version: int) -> None:
    """From now on the process opens these files for reading, and nothing else; raises OSError."""
    ruleset = _ruleset(version)
    for file in files:
        opened = os.open(file, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", _READ_FILE, opened)
        _required(_syscall(_LANDLOCK_ADD, ruleset, _LANDLOCK_FILES_BELOW, rule, 0))
        os.close(opened)
    _required(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _required(_syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _ruleset(version: int) -> int:
    rights = (1 << _FILE_RIGHTS[min(version, len(_FILE_RIGHTS)) - 1]) - 1
    # Version 4 adds TCP, version 6 signals and abstract sockets to what can be forbidden.
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = struct.pack("QQQ", rights, 0b11, 0b11)[:size]
    return _required(_syscall(_LANDLOCK_CREATE, rules, size, 0))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: object) -> int:
    given: Sequence[object] = [
        ctypes.c_long(one) if isinstance(one, int) else one for one in arguments
    ]
    return int(_libc().syscall(ctypes.c_long(number), *given))


def _required(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
