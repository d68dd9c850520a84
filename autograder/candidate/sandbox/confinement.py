"""Confine a fork of the warm interpreter before it runs a student's code.

:func:`enter` is called in a fresh fork and forks once more. The outer process becomes the *warden*
(see :mod:`autograder.candidate.sandbox.warden`), the inner one the *candidate*, and only there does it
return. Each layer that the kernel refuses is left out, and the others stand without it:

=============  ========================================  ====================================
what           first line                                where namespaces are refused
=============  ========================================  ====================================
files          small read-only root (MOUNT)              LANDLOCK rules
network        no interface (NET), no sockets (SECCOMP)  SECCOMP, LANDLOCK for TCP
processes      PID namespace                             LANDLOCK's signal scope, SECCOMP
what is left   ends with the namespace's first process   the warden ends all its descendants
=============  ========================================  ====================================
"""

# /proc is read often and in a fork: no objects where text will do:
# ruff: noqa: PTH116, PTH208, SIM905, S108

from __future__ import annotations

import errno
import gc
import os
import resource
import secrets
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from autograder.candidate.sandbox import kernel, landlock_rules, warden
from autograder.candidate.sandbox.kernel import Clone
from autograder.candidate.sandbox.policy import Policy, default_policy
from autograder.candidate.sandbox.root import SCRATCH, USER_ID, Layout, enter_root, lay_out
from autograder.processes import die_with_parent
from autograder.protocol import (
    EXIT_CPU,
    EXIT_DISK,
    EXIT_MEMORY,
    EXIT_OWN_LAST,
    EXIT_SETUP,
    EXIT_STOPPED,
    Layer,
    Limits,
)

try:
    from autograder.candidate.sandbox import seccomp_filter
except (ImportError, RuntimeError) as error:  # RuntimeError: the library libseccomp is not installed
    _NO_SECCOMP: str | None = str(error)
else:
    _NO_SECCOMP = None
    # Compiled here so that forks inherit it.
    seccomp_filter.programs(own_processes=True, own_signals=True, own_files=True)

__all__ = [
    "EXIT_CPU",
    "EXIT_DISK",
    "EXIT_MEMORY",
    "EXIT_OWN_LAST",
    "EXIT_SETUP",
    "EXIT_STOPPED",
    "SCRATCH",
    "Confinement",
    "Layer",
    "Limits",
    "Policy",
    "attempt",
    "default_policy",
    "enter",
]

# A range that no distribution gives to anybody (systemd's list of user ids calls it unused). With the
# warden's pid added no two candidates share an id, without any book-keeping.
_FIRST_UID = 0x70000000

_NAMESPACES = {Layer.NET: Clone.NEWNET, Layer.IPC: Clone.NEWIPC}

# Settings of libraries that a candidate keeps; all else in the environment is the grader's business.
_KEPT_VARIABLES = (
    "CUDA_VISIBLE_DEVICES KERAS_BACKEND LANG LC_ALL MPLBACKEND OMP_NUM_THREADS OPENBLAS_NUM_THREADS"
    " MKL_NUM_THREADS NBGRADER_EXECUTION NBGRADER_VALIDATING PYTHONHASHSEED TF_CPP_MIN_LOG_LEVEL"
    " TF_ENABLE_ONEDNN_OPTS TF_NUM_INTEROP_THREADS TF_NUM_INTRAOP_THREADS TF_USE_LEGACY_KERAS TZ"
).split()


@dataclass(frozen=True)
class Confinement:
    """What holds for the process that receives this.

    Attributes:
        layers: in force.
        refused: layers that the kernel refused, and its words.
        scratch: the one folder that is writable, also the working directory.
    """

    layers: frozenset[Layer]
    refused: dict[Layer, str]
    scratch: Path


def enter(policy: Policy, channel: socket.socket) -> frozenset[Layer]:
    """Confine a single-threaded fork of the warm interpreter; return in the candidate only.

    The caller's process never returns: it becomes the warden and exits with the candidate's status
    (at most ``EXIT_OWN_LAST``), 128 + the number of the signal that ended it, or an ``EXIT_`` constant.
    It also ends when the thread that forked it does.

    Args:
        policy: what the candidate may see and use.
        channel: a connected Unix stream socket. Before the candidate begins, its other end receives
            the byte ``K`` and a pidfd; SIGKILL sent to that ends all of the candidate's processes.

    Returns:
        the layers in force.
    """
    return attempt(policy, channel).layers


def attempt(policy: Policy, channel: socket.socket) -> Confinement:
    """As :func:`enter`, and say what was refused and why."""
    code = EXIT_SETUP
    try:
        outcome = _part(policy, channel)
        if isinstance(outcome, Confinement):
            return outcome
        code = outcome
    except warden.Stopped:
        code = EXIT_STOPPED
    except BaseException:
        traceback.print_exc()
    os._exit(code)


@dataclass
class _Progress:
    """Which layers have been tried, and how it went."""

    policy: Policy
    layers: set[Layer] = field(default_factory=set)
    refused: dict[Layer, str] = field(default_factory=dict)

    def attempt(self, layer: Layer, step: Callable[[], None]) -> bool:
        """Take a step towards a layer unless it is in force or switched off; whether it is in force now."""
        if layer in self.policy.switched_off or layer in self.layers:
            return layer in self.layers
        try:
            step()
        except OSError as error:
            self.refused[layer] = error.strerror or str(error)
            return False
        self.refused.pop(layer, None)
        self.layers.add(layer)
        return True


def _part(policy: Policy, channel: socket.socket) -> Confinement | int:
    """Fork: the candidate's side returns its confinement, the other sides a status to exit with."""
    warden.prepare()
    kernel.set_dumpable(True)  # a change of uid before the fork took away our own files in /proc
    root = os.geteuid() == 0
    folder = _shared_scratch(root)
    progress = _Progress(policy)
    proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
    if not root:
        # An ordinary user has no say over any namespace but within one of users.
        progress.attempt(Layer.USER, lambda: _enter_user_namespace(proc))
    alone = progress.attempt(Layer.PID, lambda: kernel.unshare(Clone.NEWPID))
    uid = _unprivileged_uid(policy)
    zone, sentinel = False, None
    if not alone:
        kernel.become_subreaper()
        zones = Layer.LANDLOCK not in policy.switched_off
        zone = zones and warden.lock_signals()
        sentinel, held = os.pipe()
        if inner := os.fork():
            os.close(sentinel)
            _close_all_but({held})
            warden.give_up_privileges()
            try:
                code = warden.stand_guard(inner, zone)
            except warden.Stopped:
                os.close(held)  # tells the warden to stop
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                code = warden.stand_guard(inner, zone)
            warden.remove_scratch(folder)
            return code
        os.close(held)
        kernel.become_subreaper()
        zone = zones and warden.lock_signals()
    near, far = socket.socketpair()
    if pid := os.fork():
        pidfd = os.pidfd_open(pid)
        kept = {channel.fileno(), near.fileno(), pidfd}
        _close_all_but(kept if sentinel is None else {*kept, sentinel})
        charge = warden.Charge(
            pid, pidfd, near.fileno(), policy.limits, folder, alone=alone, zone=zone, sentinel=sentinel
        )
        return _guard(charge, channel)
    try:
        near.close()
        confinement = _confine(progress, root, uid, proc, folder, {channel.fileno(), far.fileno()})
        _await_go(far)
        return confinement
    except BaseException:
        traceback.print_exc()
        os._exit(EXIT_SETUP)


def _guard(charge: warden.Charge, channel: socket.socket) -> int:
    try:
        warden.give_up_privileges()
        warden.hand_over(channel, charge.pidfd, charge.tie)
        channel.close()  # so that the examiner sees the candidate's end of it close
    except (OSError, warden.Stopped):
        signal.pidfd_send_signal(charge.pidfd, signal.SIGKILL)
    try:
        return warden.watch(charge)
    finally:
        warden.remove_scratch(charge.scratch)


def _await_go(tie: socket.socket) -> None:
    """Begin only with a warden that has handed over and lives, and tell it so."""
    descriptor = tie.fileno()
    poll = select.poll()
    poll.register(descriptor, 0)
    if not os.read(descriptor, 1) or poll.poll(0):  # a later end of the warden sends us SIGKILL
        os._exit(EXIT_SETUP)
    os.write(descriptor, b"B")
    tie.close()


def _confine(
    progress: _Progress, root: bool, uid: int, proc: int, folder: Path, kept: Collection[int]
) -> Confinement:
    policy, layers = progress.policy, progress.layers
    limits = policy.limits
    die_with_parent(signal.SIGKILL)
    os.setsid()
    os.umask(0o022)
    memory = _mapped_bytes(proc)
    with suppress(OSError):
        _write("self/oom_score_adj", "1000", proc)  # when the machine runs out, these are the first to go
    layout = lay_out(policy.readable, policy.hidden)
    importable = [entry for entry in sys.path if layout.shows(os.path.realpath(entry))]

    def isolate(owner: int | None) -> None:
        for layer, flag in _NAMESPACES.items():
            progress.attempt(layer, partial(kernel.unshare, flag))
        progress.attempt(Layer.UTS, _enter_nameless_host)
        progress.attempt(Layer.MOUNT, lambda: _enter_root(layout, limits, owner, Layer.PID in layers))

    wants_uid = root and Layer.UID not in policy.switched_off
    isolate(uid if wants_uid else None)
    if wants_uid:
        progress.attempt(Layer.UID, lambda: _change_user(uid))
        kernel.set_dumpable(True)  # or the maps of a user namespace would not be ours to write
    if progress.attempt(Layer.USER, lambda: _enter_user_namespace(proc)):
        isolate(None)
    os.umask(0o022)
    kernel.keep_capabilities()
    kernel.forbid_new_privileges()
    die_with_parent(signal.SIGKILL)  # the change of user has undone the first

    scratch = SCRATCH if Layer.MOUNT in layers else folder
    if Layer.MOUNT not in layers:
        scratch.mkdir(0o700)
    processes = limits.processes + _other_tasks(progress, root)
    _clean_environment(scratch, proc)
    _close_all_but(kept)
    os.chdir(scratch)
    progress.attempt(Layer.RLIMITS, lambda: _set_limits(limits, memory, processes))
    _restrict_access(progress, layout, scratch)
    _filter_calls(progress)
    _reset_interpreter(scratch, importable)
    return Confinement(frozenset(layers), progress.refused, scratch)


def _enter_root(layout: Layout, limits: Limits, owner: int | None, own_processes: bool) -> None:
    kernel.unshare(Clone.NEWNS)
    enter_root(layout, limits, owner=owner, own_processes=own_processes)


def _enter_nameless_host() -> None:
    kernel.unshare(Clone.NEWUTS)
    socket.sethostname("candidate")


def _enter_user_namespace(proc: int) -> None:
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(Clone.NEWUSER)
    kernel.set_dumpable(True)
    _write("self/setgroups", "deny", proc)
    _write("self/uid_map", f"{USER_ID} {uid} 1", proc)
    _write("self/gid_map", f"{USER_ID} {gid} 1", proc)
    with suppress(OSError):
        # No user namespace within: a candidate would be its administrator, with much more of the
        # kernel in reach. This setting is each namespace's own.
        _write("sys/user/max_user_namespaces", "0", proc)


def _unprivileged_uid(policy: Policy) -> int:
    """An id that no other process has; inside a container the highest of those it was given."""
    if policy.uid is not None:
        return policy.uid
    wanted = _FIRST_UID + os.getpid()
    last = 65534
    with open("/proc/self/uid_map", encoding="utf-8") as lines:
        for line in lines:
            inside, _, count = map(int, line.split())
            if inside <= wanted < inside + count:
                return wanted
            if count > 1000:
                last = inside + count - 1 - os.getpid() % (count // 2)
    return last


def _change_user(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _other_tasks(progress: _Progress, root: bool) -> int:
    """How many tasks that are not the candidate's RLIMIT_NPROC counts, which is one of a user."""
    if root:
        return 0
    if Layer.USER in progress.layers:
        return 1  # the warden is in the same user namespace, and processes outside do not count
    count = 0
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == os.getuid():
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _mapped_bytes(proc: int) -> int:
    return int(_read("self/statm", proc).split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _set_limits(limits: Limits, memory: int, processes: int) -> None:
    kernel.limit_arenas(2)
    wanted = {
        resource.RLIMIT_AS: memory + limits.memory_bytes,
        resource.RLIMIT_NPROC: processes,
        resource.RLIMIT_FSIZE: limits.scratch_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 1024,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            # Both alike: at the hard limit of CPU time comes SIGKILL, which cannot be caught.
            resource.setrlimit(kind, (value, value))
        except ValueError as error:
            raise OSError(errno.EPERM, str(error)) from error


def _restrict_access(progress: _Progress, layout: Layout, scratch: Path) -> None:
    mounted = Layer.MOUNT in progress.layers
    writable = (scratch, Path("/dev/shm")) if mounted else (scratch,)
    progress.attempt(Layer.LANDLOCK, lambda: landlock_rules.restrict(layout, writable, mounted=mounted))


def _filter_calls(progress: _Progress) -> None:
    layers = progress.layers

    def load() -> None:
        if _NO_SECCOMP is not None:
            raise OSError(errno.ENOENT, _NO_SECCOMP)
        for program in seccomp_filter.programs(
            own_processes=Layer.PID in layers,
            own_signals=Layer.PID in layers or (Layer.LANDLOCK in layers and landlock_rules.scopes_signals()),
            own_files=Layer.MOUNT in layers or Layer.UID in layers,
        ):
            kernel.load_seccomp(program)

    progress.attempt(Layer.SECCOMP, load)


def _clean_environment(scratch: Path, proc: int) -> None:
    """Leave nothing of the grader's environment, also not where the kernel shows it in /proc."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    os.environ.clear()
    kernel.clear_environment()
    fields = _read("self/stat", proc).rpartition(")")[2].split()
    arguments, environment = fields[45:47], fields[47:49]  # fields 48 to 51 of proc_pid_stat(5)
    for start, end in (arguments, environment):
        if int(start):  # 0 where the kernel does not tell
            kernel.wipe(int(start), int(end))
    home = str(scratch)
    os.environ.update(
        {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "USER": "student",
            "LOGNAME": "student",
            "HOME": home,
            "TMPDIR": home,
            "TMP": home,
            "TEMP": home,
            "MPLCONFIGDIR": f"{home}/.matplotlib",
            "KERAS_HOME": f"{home}/.keras",
            "IPYTHONDIR": f"{home}/.ipython",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_DATA_HOME": f"{home}/.local/share",
            # Without these pip tries for half a minute to reach a network that is not there.
            "PIP_NO_INDEX": "1",
            "PIP_NO_INPUT": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **kept,
        }
    )


def _reset_interpreter(scratch: Path, importable: list[str]) -> None:
    """Undo what the warden's part did to the interpreter, and let it use the scratch folder.

    Folders that cannot be read any more would only tell where the grader and the course are.
    """
    sys.path[:] = importable
    for entry in set(sys.path_importer_cache) - set(importable):
        if not any(entry.startswith(f"{path}/") for path in importable):
            del sys.path_importer_cache[entry]
    warden.default_signals()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python does: these become exceptions
        signal.signal(number, signal.SIG_IGN)
    gc.enable()
    tempfile.tempdir = str(scratch)
    sys.dont_write_bytecode = True


def _close_all_but(kept: Collection[int]) -> None:
    """Close all descriptors but these, and make /dev/null of the standard three."""
    null = os.open("/dev/null", os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    last = 3
    for descriptor in sorted({descriptor for descriptor in kept if descriptor > 2}):
        os.closerange(last, descriptor)
        last = descriptor + 1
    os.closerange(last, 1 << 20)


def _shared_scratch(root: bool) -> Path:
    """A name, not yet taken, for a scratch folder, should there be no volume for it."""
    parent = "/tmp" if root else tempfile.gettempdir()  # root's own may be closed to others
    return Path(parent, f"candidate-{secrets.token_hex(8)}")


def _read(path: str, proc: int) -> str:
    """A file in /proc as it was before the small root."""
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc), encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str, proc: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=proc), "w", encoding="utf-8") as file:
        file.write(text)
