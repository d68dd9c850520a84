"""What the examiner and a candidate have to agree on: one table that both sides import.

Nothing here runs: names, limits and settings as they cross the socket between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What a zygote needs to know before it starts.

    Attributes:
        tensorflow: import TensorFlow and Keras too.
        data: the student's ``mnist.npz``.
        readable: further trees that candidates may read.
        hidden: paths inside readable trees that they may not.
        switched_off: layers of confinement to leave out, by name (tests, and a TA's explicit wish).
        execution: what nbgrader would say that it is about: ``autograde`` or ``validate``.
    """

    tensorflow: bool = False
    data: str = ""
    readable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    switched_off: tuple[str, ...] = ()
    execution: str = "autograde"

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Settings:
        """The settings from what :func:`dataclasses.asdict` made of them and some codec carried."""
        return cls(
            tensorflow=bool(fields["tensorflow"]),
            data=str(fields["data"]),
            readable=tuple(fields["readable"]),
            hidden=tuple(fields["hidden"]),
            switched_off=tuple(fields["switched_off"]),
            execution=str(fields["execution"]),
        )

    def forget(self) -> None:
        """Empty what names places of the machine; for a fork that is about to run a student's code."""
        vars(self).update(data="", readable=(), hidden=())


class Op(StrEnum):
    """What the examiner asks of a candidate; each request is a dictionary with ``op`` and the fields
    named here.

    A reply holds ``value``; or ``exception``, ``missing`` or ``refused`` where there is none. One that holds
    ``asks`` (with ``args``, ``kwargs``) is a question: it is answered like a reply, and the wait goes on.
    """

    # While the notebook runs
    CELL = "cell"  # source, number: run a cell
    READY = "ready"  # no more cells
    # After that, to the candidate itself
    FORK = "fork"  # a process of its own for the next test; a socket comes with it
    END = "end"  # child, kill: end such a process
    # And to whichever process a test talks with
    BEGIN = "begin"  # seed, forget, eager: another test begins
    DEFINE = "define"  # source: only ever sent to variants of the solution
    STAND_IN = (
        "stand-in"  # names, tables: functions that are the examiner's to answer now; the values of others
    )
    IMPORT = "import"  # name: a handle to a module
    VALUE = "value"  # target, as all that follow: a name's value
    HANDLE = "handle"  # a handle to it, whatever it is
    GET = "get"  # attribute
    SEVERAL = "several"  # questions: attributes, and what calls of them give, at once
    ITEM = "item"  # key
    LENGTH = "length"
    ITEMS = "items"
    TEXT = "text"
    CALL = "call"  # args, kwargs
    WATCH = "watch"  # args, kwargs: call, and tell what it changed
    KEPT = "kept"  # calls, overwrite, part, as_arrays: call several times, and only then look at the answers


def request(op: Op, **fields: Any) -> dict[str, Any]:
    """A request as it goes over the wire."""
    return {"op": op.value, **fields}


def json_room(output: int) -> int:
    """Bytes of JSON that a candidate keeps the outputs of all cells to.

    Args:
        output: bytes that they may have as text; escapes make it longer.
    """
    return 2 * output


SAID_BY_CANDIDATE = {
    "output-limit": "the output limit was reached",
    "cell-time-limit": "the time limit of the cell was reached",
    "memory-limit": "the memory limit was reached",
    "exit": "`exit()` ended this cell: what it had defined by then counts",
    "no-debugger": "RuntimeError: remove the debugger: nobody can type into it while a notebook is graded",
    "no-input": (
        "EOFError: nobody can answer input() while a notebook is graded: write the value into the code"
    ),
}
"""What a candidate says of a cell that is not an exception of the student's, by code of the message."""
NO_SUCH_MODULE = " (there is no such module where notebooks are graded)"
"""What it adds to an import that failed."""


class Layer(StrEnum):
    """One way in which the kernel confines a candidate; each stands without the others."""

    UID = "uid"  # an unprivileged uid that no other process has
    USER = "user"  # user namespace
    MOUNT = "mount"  # a small read-only root
    PID = "pid"  # sees and signals only its own processes, which all end with its first
    NET = "net"  # a network without interfaces
    IPC = "ipc"
    UTS = "uts"
    LANDLOCK = "landlock"  # files by path, TCP, abstract sockets, signals
    SECCOMP = "seccomp"  # system calls
    RLIMITS = "rlimits"


@dataclass(frozen=True)
class Limits:
    """What a candidate may use up.

    Attributes:
        memory_bytes: memory on top of what the warm interpreter already maps, for each process and
            for all processes of the candidate together.
        processes: threads and processes together. TensorFlow starts several threads a CPU.
        scratch_bytes: size of the scratch folder, and of the largest file in it.
        scratch_inodes: number of files and folders in the scratch folder.
        open_files: open descriptors of each process.
        cpu_seconds: processor time of each process, all its threads together.
    """

    memory_bytes: int = 2 << 30
    processes: int = 64
    scratch_bytes: int = 256 << 20
    scratch_inodes: int = 20_000
    open_files: int = 256
    cpu_seconds: int = 300


# Exit statuses. A candidate's own status is at most EXIT_OWN_LAST, and a signal gives 128 + its number,
# so that nothing a student's code does looks like one of these.
EXIT_OWN_LAST = 127
EXIT_MEMORY = 241  # all processes of the candidate together used more than the limit
EXIT_CPU = 242
EXIT_DISK = 243  # only where the scratch folder is no volume of its own
EXIT_SETUP = 244  # the candidate never began
EXIT_STOPPED = 245  # the warden was told to stop


_ALONE_ENOUGH = frozenset({Layer.LANDLOCK, Layer.SECCOMP, Layer.RLIMITS})


def is_sufficient(layers: frozenset[Layer]) -> bool:
    """Whether layers together guard files, processes, network and resources."""
    namespaces = {Layer.MOUNT, Layer.PID, Layer.NET, Layer.RLIMITS} <= layers
    return (namespaces and bool({Layer.USER, Layer.UID} & layers)) or layers >= _ALONE_ENOUGH
