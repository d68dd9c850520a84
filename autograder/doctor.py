"""Whether this machine can confine submissions: which layers hold here, and how to get the others."""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.protocol import Layer, is_sufficient

_SETTINGS = (
    # (file, the value that forbids, what to do), tried in this order
    (
        "user/max_user_namespaces",
        "0",
        "allow user namespaces: `sudo sysctl user.max_user_namespaces=15000`",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "allow user namespaces to ordinary users: `sudo sysctl kernel.unprivileged_userns_clone=1`",
    ),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor takes the rights in user namespaces away:"
        " `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`,"
        " or give this Python an AppArmor profile with `userns,`",
    ),
)
_CONTAINER = (
    "this is a container: start it with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined"
    " --security-opt systempaths=unconfined`, or as root with `--cap-add SYS_ADMIN`"
)
_NAMESPACES = frozenset({Layer.USER, Layer.MOUNT, Layer.PID, Layer.NET, Layer.IPC, Layer.UTS})


@dataclass(frozen=True)
class Missing:
    """A layer that does not hold here.

    Attributes:
        reason: why, in the kernel's words or ours.
        remedy: what would bring it.
    """

    reason: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """What confinement a submission would have on this machine, started by this user.

    Attributes:
        system: kernel and its version.
        started_as: "root" or "an ordinary user".
        landlock_abi: version of the kernel's Landlock interface, None without one.
        layers: in force.
        missing: the others.
        remarks: what else stands in the way.
    """

    system: str
    started_as: str
    landlock_abi: int | None
    layers: frozenset[Layer]
    missing: dict[Layer, Missing]
    remarks: tuple[str, ...] = ()

    @property
    def sufficient(self) -> bool:
        """Whether grading may start: files, processes, network and resources are each guarded."""
        return is_sufficient(self.layers)

    def render(self) -> str:
        """Lines for a terminal."""
        abi = "none" if self.landlock_abi is None else f"ABI {self.landlock_abi}"
        lines = [f"{self.system}, Landlock {abi}, started as {self.started_as}", ""]
        for layer in Layer:
            if layer in self.layers:
                lines.append(f"  in force  {layer}")
            else:
                absent = self.missing[layer]
                lines.append(f"  missing   {layer}: {absent.reason}; {absent.remedy}")
        lines += ["", *(f"  note      {remark}" for remark in self.remarks)]
        lines.append(
            "Submissions can be graded here."
            if self.sufficient
            else "Too few layers: grading refuses to start unless told to do without them."
        )
        return "\n".join(lines)


def examine_machine() -> Report:
    """Confine a throw-away process and see what holds."""
    system = f"{platform.system()} {platform.release()}"
    if not sys.platform.startswith("linux"):
        absent = Missing("only Linux has it", "grade on Linux, in a virtual machine or on a server")
        return Report(system, "an ordinary user", None, frozenset(), dict.fromkeys(Layer, absent))
    root = os.geteuid() == 0
    layers, refused = _try_out()
    missing = {
        layer: Missing(refused.get(layer, _untried(layer, root)), _remedy(layer, root))
        for layer in Layer
        if layer not in layers
    }
    started_as = "root" if root else "an ordinary user"
    return Report(system, started_as, _landlock_abi(), layers, missing, tuple(_remarks(layers)))


def _try_out() -> tuple[frozenset[Layer], dict[Layer, str]]:
    from autograder.candidate.sandbox import confinement  # Linux only

    policy = confinement.default_policy()
    ours, theirs = socket.socketpair()
    if not (pid := os.fork()):
        ours.close()
        outcome = confinement.attempt(policy, theirs)
        theirs.sendall(json.dumps([sorted(outcome.layers), outcome.refused]).encode())
        os._exit(0)
    theirs.close()
    with ours:
        ours.settimeout(30)
        answer = b""
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        for descriptor in descriptors:
            os.close(descriptor)
        while part := ours.recv(65536):
            answer += part
    os.waitpid(pid, 0)
    if not answer:
        return frozenset(), {}
    names, refused = json.loads(answer)
    return frozenset(map(Layer, names)), {Layer(name): words for name, words in refused.items()}


def _untried(layer: Layer, root: bool) -> str:
    if layer is Layer.UID and not root:
        return "only root can change to another user"
    return "the confinement could not be set up"


def _remedy(layer: Layer, root: bool) -> str:
    if layer is Layer.UID:
        return "start as root for it; user namespaces do without"
    if layer in _NAMESPACES:
        return _namespace_remedy(root)
    if layer is Layer.LANDLOCK:
        if _in_container():
            return "it needs Linux 5.13 and a container runtime whose seccomp profile allows landlock_* calls"
        return "it needs Linux 5.13, and `landlock` in the boot parameter `lsm=` where that is set"
    if layer is Layer.SECCOMP:
        return "install libseccomp (`sudo apt install libseccomp2`)"
    return "raise the hard limits of whoever starts the grader (`ulimit -H -a`)"


def _namespace_remedy(root: bool) -> str:
    for name, forbids, words in _SETTINGS:
        try:
            value = (Path("/proc/sys") / name).read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if value == forbids and not (root and name.startswith("kernel/")):
            return words
    if _in_container():
        return _CONTAINER
    return "it needs Linux 5.12 with namespaces built in"


def _in_container() -> bool:
    return any(Path(path).exists() for path in ("/.dockerenv", "/run/.containerenv"))


def _landlock_abi() -> int | None:
    from autograder.candidate.sandbox import kernel  # Linux only

    try:
        return kernel.landlock_abi()
    except OSError:
        return None


def _remarks(layers: frozenset[Layer]) -> list[str]:
    if Layer.UID not in layers or Layer.MOUNT in layers:
        return []
    closed = [
        parent
        for prefix in dict.fromkeys((sys.base_prefix, sys.prefix))
        for parent in Path(prefix).resolve().parents
        if not parent.stat().st_mode & 0o001
    ]
    return [
        f"{folder} is closed to other users, so candidates cannot import what is not loaded yet:"
        " install Python elsewhere"
        for folder in dict.fromkeys(closed)
    ]
