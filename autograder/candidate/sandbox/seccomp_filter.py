"""The seccomp filter: system calls that a notebook has no use for and an attacker might.

It is a list of what is refused, not of what is allowed: NumPy, TensorFlow and the C library use some
two hundred calls that differ from version to version, and an honest notebook must not fail for one.
Whatever came after the list was written is refused by its number.
"""

# Lists of names read better as text:
# ruff: noqa: SIM905

from __future__ import annotations

import errno
import os
import struct
from functools import cache

import pyseccomp

# Numbers are the same on all 64-bit architectures from 424 on, and libseccomp may know fewer names.
_FIRST_UNKNOWN = 463
_NEW = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443,
    "memfd_secret": 447, "process_mrelease": 448, "statmount": 457, "listmount": 458,
    "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461,
}  # fmt: skip
_CLONE3 = 435
_FCHMODAT2 = 452
_PIDFD_SEND_SIGNAL = 424

_REFUSED = (
    # the network: nothing but a connected pair of sockets, see _add_sockets
    "socket bind connect listen accept accept4"
    # other processes: their memory, descriptors and state
    " ptrace process_vm_readv process_vm_writev kcmp move_pages migrate_pages"
    # the shape of the file system, and ways around its paths
    " mount umount2 pivot_root chroot unshare setns open_by_handle_at name_to_handle_at"
    " quotactl swapon swapoff acct fanotify_init fanotify_mark"
    # the kernel itself
    " bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register"
    " kexec_load kexec_file_load init_module finit_module delete_module"
    " add_key request_key keyctl syslog lookup_dcookie personality"
    # the machine's clock, name and devices
    " reboot settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname vhangup"
    # memory that no process maps, so that no limit counts it
    " memfd_create shmget msgget semget"
).split()
# Names that exist on some architectures only.
_REFUSED_WHERE_KNOWN = (
    "kexec_file_load create_module get_kernel_syms query_module nfsservctl uselib ustat sysfs _sysctl"
    " iopl ioperm modify_ldt stime umount"
).split()

# prctl: the tie to the warden, tracing, capabilities, the memory map
_PRCTL = {
    "PR_SET_PDEATHSIG": 1, "PR_SET_DUMPABLE": 4, "PR_SET_KEEPCAPS": 8, "PR_SET_SECUREBITS": 28,
    "PR_SET_MM": 35, "PR_SET_CHILD_SUBREAPER": 36, "PR_CAP_AMBIENT": 47, "PR_SET_IO_FLUSHER": 57,
    "PR_SCHED_CORE": 62, "PR_SET_PTRACER": 0x59616D61,
}  # fmt: skip
# clone: new namespaces, and a child that is not the caller's own
_CLONE = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x8000)
# ioctl: typing into a terminal, its line discipline; signals on a descriptor's readiness
_IOCTL = {
    "TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCSETD": 0x5423, "FIOSETOWN": 0x8901, "SIOCSPGRP": 0x8902,
}  # fmt: skip
_FCNTL = {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15}

_SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo".split()
_SCHEDULING = (
    "setpriority ioprio_set sched_setaffinity sched_setscheduler sched_setparam sched_setattr"
).split()
_MODES = "chmod fchmod fchmodat utime utimes futimesat utimensat".split()
_OWNERS = (
    "chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
).split()

_EPERM = pyseccomp.ERRNO(errno.EPERM)
_ENOSYS = pyseccomp.ERRNO(errno.ENOSYS)
_AF_UNIX = 1
_SOCK_STREAM = 1
_INT = 0xFFFFFFFF  # the kernel looks at the lower half of an `int` argument only


@cache
def programs(*, own_processes: bool, own_signals: bool, own_files: bool) -> tuple[bytes, ...]:
    """Compiled filters, to be loaded one after another.

    Compiled once, before the fork: that takes longer than all the rest of the confinement.

    Args:
        own_processes: whether a pid namespace hides all other processes.
        own_signals: whether something keeps signals from them.
        own_files: whether no file outside the scratch folder can belong to the candidate's user.
    """
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    for name in _REFUSED:
        rules.add_rule(_EPERM, name)
    for name in _REFUSED_WHERE_KNOWN:
        number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        if number >= 0:
            rules.add_rule(_EPERM, number)
    for number in _NEW.values():
        rules.add_rule(_EPERM, number)
    # Its arguments lie in memory, where a filter cannot look; the C library then uses clone.
    rules.add_rule(_ENOSYS, _CLONE3)
    for flag in _CLONE:
        rules.add_rule(_EPERM, "clone", _has(0, flag, flag))
    for option in _PRCTL.values():
        rules.add_rule(_EPERM, "prctl", _has(0, _INT, option))
    for request in _IOCTL.values():
        rules.add_rule(_EPERM, "ioctl", _has(1, _INT, request))
    for command in _FCNTL.values():
        rules.add_rule(_EPERM, "fcntl", _has(1, _INT, command))
    # The kernel shares the processors among sessions: with one for each of its processes, a submission
    # would take them from all others. It does nothing, and says that all went well.
    rules.add_rule(pyseccomp.ERRNO(0), "setsid")
    # Of another process, that is: with the same user it needs no privilege.
    rules.add_rule(_EPERM, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    _add_sockets(rules)
    if not own_processes:
        for name in _SCHEDULING:
            rules.add_rule(_EPERM, name, pyseccomp.Arg(1 if name in _BY_KIND else 0, pyseccomp.NE, 0))
    if not own_signals:
        for name in _SIGNALS:
            rules.add_rule(_EPERM, name)
        rules.add_rule(_EPERM, _PIDFD_SEND_SIGNAL)
    if not own_files:
        # No filter can tell which file is meant. Python's copying functions set modes and times of
        # what they made and must not fail for it, so these do nothing and say that all went well.
        for name in _MODES:
            rules.add_rule(pyseccomp.ERRNO(0), name)
        rules.add_rule(pyseccomp.ERRNO(0), _FCHMODAT2)
        for name in _OWNERS:
            rules.add_rule(_EPERM, name)
    return _refuse_unknown(), _compiled(rules)


_BY_KIND = ("setpriority", "ioprio_set")  # (which kind of id, the id, ...)


def _add_sockets(rules: pyseccomp.SyscallFilter) -> None:
    """socketpair(AF_UNIX, SOCK_STREAM) is how Python's multiprocessing and asyncio talk to themselves.

    Datagram pairs are refused: they can still send to any socket that has a name.
    """
    rules.add_rule(_EPERM, "socketpair", pyseccomp.Arg(0, pyseccomp.NE, _AF_UNIX))
    for kind in range(16):
        if kind != _SOCK_STREAM:
            rules.add_rule(_EPERM, "socketpair", _has(1, 0xF, kind))


def _has(argument: int, mask: int, value: int) -> pyseccomp.Arg:
    return pyseccomp.Arg(argument, pyseccomp.MASKED_EQ, mask, value)


def _compiled(rules: pyseccomp.SyscallFilter) -> bytes:
    descriptor = os.memfd_create("seccomp")
    with open(descriptor, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse_unknown() -> bytes:
    """Three instructions that libseccomp cannot express: a number above the last that was considered."""
    load_number, jump_if_at_least, give_back = 0x20, 0x35, 0x06
    return b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (load_number, 0, 0, 0),
            (jump_if_at_least, 0, 1, _FIRST_UNKNOWN),
            (give_back, 0, 0, _ENOSYS),
            (give_back, 0, 0, pyseccomp.ALLOW),
        )
    )
