"""The Linux system calls that Python has no function for; each raises :class:`OSError` when refused."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum, IntFlag

_libc = ctypes.CDLL(None, use_errno=True)


class Clone(IntFlag):
    """The kinds of namespaces, from ``linux/sched.h``."""

    NEWNS = 0x00020000
    NEWUTS = 0x04000000
    NEWIPC = 0x08000000
    NEWUSER = 0x10000000
    NEWPID = 0x20000000
    NEWNET = 0x40000000


class Mount(IntFlag):
    """Flags of ``mount(2)``."""

    NOSUID = 2
    NODEV = 4
    NOEXEC = 8
    BIND = 4096
    REC = 16384
    PRIVATE = 1 << 18


class MountAttribute(IntFlag):
    """Attributes of ``mount_setattr(2)``."""

    RDONLY = 1
    NOSUID = 2
    NODEV = 4
    NOEXEC = 8


class Capability(IntEnum):
    """The capabilities that this package names, from ``linux/capability.h``."""

    DAC_OVERRIDE = 1
    DAC_READ_SEARCH = 2
    FOWNER = 3
    KILL = 5
    SYS_PTRACE = 19


_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4

# Since Linux 5.1 all 64-bit architectures number new calls alike; pivot_root and seccomp are older.
_OLD_NUMBERS = {"x86_64": {"pivot_root": 155, "seccomp": 317}, "aarch64": {"pivot_root": 41, "seccomp": 277}}
_MOUNT_SETATTR = 442
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446

_MNT_DETACH = 2
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_SECCOMP_SET_MODE_FILTER = 1
_CAPABILITY_VERSION = 0x20080522
_M_ARENA_MAX = -8


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _syscall(what: str, number: int, *arguments: object) -> int:
    words = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    return _checked(what, _libc.syscall(ctypes.c_long(number), *words))


def _old_number(name: str) -> int:
    numbers = _OLD_NUMBERS.get(platform.machine())
    if numbers is None:
        raise OSError(f"{name}: unknown on {platform.machine()}")
    return numbers[name]


def unshare(flags: Clone) -> None:
    """Move into new namespaces; NEWPID is for the children to come."""
    _checked(f"unshare {flags.name}", _libc.unshare(int(flags)))


def mount(source: str, target: str, kind: str | None, flags: Mount, options: str | None = None) -> None:
    """``mount(2)``."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        None if kind is None else kind.encode(),
        ctypes.c_ulong(int(flags)),
        None if options is None else options.encode(),
    )
    _checked(f"mount {target}", result)


def detach(target: str) -> None:
    """Take a mount and what is mounted beneath it out of the tree at once."""
    _checked(f"umount {target}", _libc.umount2(os.fsencode(target), _MNT_DETACH))


def pivot_root(new: str, old: str) -> None:
    """``pivot_root(2)``."""
    _syscall("pivot_root", _old_number("pivot_root"), os.fsencode(new), os.fsencode(old))


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns_fd")]


def set_mount_attributes(path: str, attributes: MountAttribute, *, recursive: bool = False) -> None:
    """Add attributes to a mount, and to all beneath it: one call, where ``mount(2)`` needs one a mount."""
    wanted = _MountAttributes(int(attributes), 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    target = os.fsencode(path)
    size = ctypes.sizeof(wanted)
    _syscall("mount_setattr", _MOUNT_SETATTR, _AT_FDCWD, target, flags, ctypes.byref(wanted), size)


def _prctl(what: str, option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(what, _libc.prctl(option, *words))


def set_dumpable(dumpable: bool) -> None:
    """Decide whether processes of the same user may trace this one, and whether it owns its /proc files."""
    _prctl("PR_SET_DUMPABLE", _PR_SET_DUMPABLE, int(dumpable))


def become_subreaper() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl("PR_SET_CHILD_SUBREAPER", _PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """From here on no program gives rights: setuid bits and file capabilities count for nothing."""
    _prctl("PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def effective_capabilities() -> int:
    """The effective set as a bit mask."""
    data = _capability_data()
    _checked("capget", _libc.capget(ctypes.byref(_capability_header()), data))
    return int(data[0].effective) | int(data[1].effective) << 32


def keep_capabilities(kept: Iterable[Capability] = ()) -> None:
    """Give up all capabilities but ``kept`` (of those held), in all five sets."""
    mask = sum(1 << capability for capability in kept)
    for number in range(64):
        if not mask >> number & 1 and _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0) < 0:
            break  # past the last one that the kernel knows, or not entitled: then none is held anyway
    with suppress(OSError):  # before Linux 4.3 there is no such set
        _prctl("PR_CAP_AMBIENT", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    mask &= effective_capabilities()
    data = _capability_data()
    for half in range(2):
        data[half].effective = data[half].permitted = mask >> 32 * half & 0xFFFFFFFF
    _checked("capset", _libc.capset(ctypes.byref(_capability_header()), data))


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapabilityData(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def _capability_header() -> _CapabilityHeader:
    return _CapabilityHeader(_CAPABILITY_VERSION, 0)


def _capability_data() -> ctypes.Array[_CapabilityData]:
    return (_CapabilityData * 2)()


class _LandlockRuleset(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("handled_fs", "handled_net", "scoped")]


class _LandlockPath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def landlock_abi() -> int:
    """The kernel's Landlock ABI version; raises OSError where there is none."""
    return _syscall("landlock_create_ruleset", _LANDLOCK_CREATE_RULESET, None, 0, 1)


def landlock_ruleset(handled_fs: int, handled_net: int, scoped: int) -> int:
    """A descriptor of a new ruleset that refuses all that is handled until a rule allows it."""
    attributes = _LandlockRuleset(handled_fs, handled_net, scoped)
    # Older kernels refuse a structure whose unknown part is not zero, and accept one whose part is.
    size = ctypes.sizeof(attributes)
    return _syscall("landlock_create_ruleset", _LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), size, 0)


def landlock_allow(ruleset: int, path_fd: int, allowed: int) -> None:
    """Allow access beneath an opened directory, or to an opened file."""
    rule = _LandlockPath(allowed, path_fd)
    _syscall("landlock_add_rule", _LANDLOCK_ADD_RULE, ruleset, 1, ctypes.byref(rule), 0)


def landlock_restrict(ruleset: int) -> None:
    """Enter a ruleset for good; needs :func:`forbid_new_privileges` before."""
    _syscall("landlock_restrict_self", _LANDLOCK_RESTRICT_SELF, ruleset, 0)


class _BpfProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def load_seccomp(program: bytes) -> None:
    """Load a compiled seccomp filter (8 bytes an instruction); needs :func:`forbid_new_privileges` before."""
    structure = _BpfProgram(len(program) // 8, program)
    _syscall("seccomp", _old_number("seccomp"), _SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(structure))


def limit_arenas(count: int) -> None:
    """Bound how many heaps malloc makes for threads: each reserves 64 MiB of address space."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, count)


def clear_environment() -> None:
    """Empty the C library's environment, also of entries that Python never saw."""
    _libc.clearenv()


def wipe(start: int, end: int) -> None:
    """Overwrite a range of this process's memory with zeros."""
    ctypes.memset(start, 0, end - start)
