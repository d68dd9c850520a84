"""The warden: a trusted process that waits beside a candidate, and clears up after it.

It runs no code but what is here. It ends when the candidate does, and the candidate ends when it does.
"""

# Called often, and while the page tables are shared: no objects where text will do:
# ruff: noqa: PTH101, PTH115, PTH208

from __future__ import annotations

import gc
import os
import select
import shutil
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from autograder.candidate.sandbox import kernel, landlock_rules
from autograder.candidate.sandbox.kernel import Capability
from autograder.processes import descendants, die_with_parent
from autograder.protocol import (
    EXIT_CPU,
    EXIT_DISK,
    EXIT_MEMORY,
    EXIT_OWN_LAST,
    EXIT_SETUP,
    EXIT_STOPPED,
    Limits,
)

_MOST_FILES = 4
"""Times what one process may have open that all processes together may: with 256, 1,024 sockets of 0.4 MB."""
_INTERVAL = 0.05  # s; a core fills well under 200 MB of new memory in this time
# All that is left to a warden that was started by root.
_WARDEN_CAPABILITIES = (
    Capability.KILL,
    Capability.SYS_PTRACE,  # to see how much memory is shared
    Capability.DAC_OVERRIDE,
    Capability.DAC_READ_SEARCH,
    Capability.FOWNER,
)


class Stopped(BaseException):
    """SIGTERM: from whoever started the warden, or because that process has ended."""


@dataclass(frozen=True)
class Charge:
    """One candidate, as its warden sees it.

    Attributes:
        pid: the candidate's first process.
        pidfd: a descriptor for it, which cannot come to mean another process.
        tie: a socket to the candidate's set-up, which writes one byte before any code of a student's runs.
        limits: what it may use.
        scratch: a folder on a shared file system that may hold its files.
        alone: whether its processes end with the first (a pid namespace).
        zone: whether a signal to everybody reaches its processes and no others.
        sentinel: a descriptor that hangs up when the process that watches the warden ends.
    """

    pid: int
    pidfd: int
    tie: int
    limits: Limits
    scratch: Path
    alone: bool
    zone: bool
    sentinel: int | None


def prepare() -> None:
    """Make the calling process fit to be a warden."""
    gc.disable()  # would copy pages that are shared with the warm interpreter
    signal.set_wakeup_fd(-1)
    default_signals()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    parent = os.getppid()
    die_with_parent(signal.SIGTERM)
    if os.getppid() != parent:
        raise Stopped


def default_signals() -> None:
    """Forget all handlers that the warm interpreter set."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def lock_signals() -> bool:
    """Let this process signal none but its descendants; False, and no change, where the kernel cannot.

    With it, and only with it, one call ends all descendants at once, however fast they fork.
    """
    kernel.forbid_new_privileges()
    if not landlock_rules.confine_signals():
        return False
    try:
        os.kill(os.getppid(), 0)  # must be out of reach, or `kill_all` would reach the whole machine
    except PermissionError:
        return True
    return False


def stand_guard(pid: int, zone: bool) -> int:
    """Wait for the warden proper, where no pid namespace ends everything when the warden is killed.

    Returns:
        the status to exit with.
    """
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        kill_all(zone)
    return code if code >= 0 else 128 - code


def watch(charge: Charge) -> int:
    """Wait until the candidate ends or uses too much, and end all that is left of it.

    Returns:
        the status to exit with: the candidate's, or one of the ``EXIT_`` constants.
    """
    verdict: int | None
    try:
        verdict = _until_over(charge)
    except Stopped:
        verdict = EXIT_STOPPED
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(charge.pidfd, signal.SIGKILL)
    _, status, usage = os.wait4(charge.pid, 0)
    if not charge.alone:
        kill_all(charge.zone)
    if verdict is not None:
        return verdict
    code = os.waitstatus_to_exitcode(status)
    if not _began(charge.tie):
        return EXIT_SETUP
    if code in (-signal.SIGKILL, -signal.SIGXCPU):
        # The kernel counts whole ticks for the limit, and exactly here: up to a tenth less, and more than a
        # fifth on a machine whose processors are lent out meanwhile.
        used = usage.ru_utime + usage.ru_stime
        return EXIT_CPU if used >= 0.5 * charge.limits.cpu_seconds else 128 - code
    return min(code, EXIT_OWN_LAST) if code >= 0 else 128 - code


def _began(tie: int) -> bool:
    try:
        return bool(os.read(tie, 1))
    except OSError:
        return False


def _until_over(charge: Charge) -> int | None:
    poll = select.poll()
    poll.register(charge.pidfd, select.POLLIN)
    if charge.sentinel is not None:
        poll.register(charge.sentinel, 0)  # hang-up is always told
    checks = [_memory_check(charge)]
    if charge.scratch.exists() or not charge.alone:
        checks.append(_scratch_check(charge))
    while True:
        events = dict(poll.poll(_INTERVAL * 1000))
        if charge.pidfd in events:
            return None
        if events:
            return EXIT_STOPPED
        for check in checks:
            if (verdict := check()) is not None:
                return verdict
        if not charge.alone:
            _reap_orphans(charge.pid)


def _memory_check(charge: Charge) -> Callable[[], int | None]:
    warm = _own_memory("self")

    def check() -> int | None:
        tree = [charge.pid, *descendants(charge.pid)]
        if len(tree) == 1:
            return None  # RLIMIT_AS bounds it, and RLIMIT_NOFILE what sockets hold
        # The kernel keeps what was sent to a socket and not received, and counts it as nobody's memory.
        most = _MOST_FILES * charge.limits.open_files
        if sum(len(_open_files(pid)) for pid in tree) > most and _count_open(tree) > most:
            return EXIT_MEMORY
        # Quick, but counts pages that a fork shares with its parent twice.
        if sum(max(0, _own_memory(pid) - warm) for pid in tree) <= charge.limits.memory_bytes:
            return None
        used = sum(_proportional_memory(pid) for pid in tree)
        return EXIT_MEMORY if used > charge.limits.memory_bytes + warm else None

    return check


def _open_files(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return []  # ended meanwhile


def _count_open(pids: Iterable[int]) -> int:
    """Files and sockets that are open in any of the processes, each counted once."""
    found = set()
    for pid in pids:
        for name in _open_files(pid):
            with suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    return len(found)


def _own_memory(pid: int | str) -> int:
    """Resident bytes that are not a file's."""
    return _sum_of_lines(f"/proc/{pid}/status", ("RssAnon:", "RssShmem:"))


def _proportional_memory(pid: int) -> int:
    """The same, with each page divided by the number of processes that map it. Slow: walks page tables."""
    try:
        return _sum_of_lines(f"/proc/{pid}/smaps_rollup", ("Pss_Anon:", "Pss_Shmem:"))
    except PermissionError:
        return _own_memory(pid)


def _sum_of_lines(path: str, names: tuple[str, ...]) -> int:
    try:
        with open(path, encoding="utf-8", errors="replace") as lines:
            return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(names))
    except (FileNotFoundError, ProcessLookupError):
        return 0  # ended meanwhile


def _scratch_check(charge: Charge) -> Callable[[], int | None]:
    due = 0.0

    def check() -> int | None:
        nonlocal due
        begun = time.monotonic()
        if begun < due:
            return None
        size = count = 0
        for folder, folders, files in os.walk(charge.scratch):
            count += len(folders) + len(files)
            for name in files:
                with suppress(OSError):
                    size += os.lstat(os.path.join(folder, name)).st_blocks * 512
            if size > charge.limits.scratch_bytes or count > charge.limits.scratch_inodes:
                return EXIT_DISK
        due = time.monotonic() + 5 * (time.monotonic() - begun)  # never more than a sixth of the time
        return None

    return check


def _reap_orphans(first: int) -> None:
    """Those that were handed to this process; the candidate's own end is looked at elsewhere."""
    for pid in list(_children()):
        if pid != first:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _children() -> Iterator[int]:
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="utf-8") as file:
        yield from (int(word) for word in file.read().split())


def kill_all(zone: bool) -> None:
    """End every descendant, and return when none is left."""
    while True:
        if zone:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
        else:
            for pid in list(descendants(os.getpid())):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, 0 if zone else os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def remove_scratch(path: Path) -> None:
    """Remove a scratch folder, whatever modes its folders were given. The candidate must have ended."""
    if not path.exists():
        return
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = os.path.join(folder, name)
            if stat.S_ISDIR(os.lstat(inner).st_mode):
                with suppress(OSError):
                    os.chmod(inner, 0o700)
    shutil.rmtree(path, ignore_errors=True)


def give_up_privileges() -> None:
    """Keep only what watching and clearing up need."""
    kernel.keep_capabilities(_WARDEN_CAPABILITIES)
    kernel.set_dumpable(False)


def hand_over(channel: socket.socket, pidfd: int, tie: int) -> None:
    """Give the examiner the means to end the candidate, then let the candidate begin."""
    socket.send_fds(channel, [b"K"], [pidfd])
    os.write(tie, b"G")
