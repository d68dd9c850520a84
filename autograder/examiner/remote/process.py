"""One process of a submission: started, asked, forked, waited for, ended.

The examiner keeps the clock (:mod:`autograder.examiner.remote.own_time`). Whatever a candidate does, each
wait here ends when its own time is up.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from autograder.course.models import Limits
from autograder.examination import Verdict
from autograder.examiner.remote.cells import CellSource, libraries
from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.quota import quota
from autograder.examiner.remote.verdicts import explain, is_ours, room_left
from autograder.examiner.remote.zygote import Spawned, Zygote
from autograder.messages import Message
from autograder.protocol import Limits as ScratchLimits
from autograder.protocol import Op, request
from autograder.wire import Channel, ChannelClosed, ChannelTimeout, FrameLimits, WireError

_GRACE = 0.5
"""Seconds that a candidate gets to notice its interruption before it is killed."""
_END_SECONDS = 3.0
"""Seconds in which a candidate has to end one of its forks."""
_FORK_SECONDS = 10.0


class Process:
    """A candidate's process; one that has ended can be started anew.

    Args:
        zygote: where it is forked from.
        limits: of the week.
        clock: of what it uses.
    """

    def __init__(self, zygote: Zygote, limits: Limits, clock: OwnTime) -> None:
        self._zygote = zygote
        self._limits = limits
        self._clock = clock
        self._spawned: Spawned | None = None

    @property
    def alive(self) -> bool:
        """Whether there is a process that has not been killed."""
        return self._spawned is not None and self._spawned.pidfd >= 0

    @property
    def channel(self) -> Channel:
        """To the process itself."""
        assert self._spawned is not None
        return self._spawned.channel

    def start(self, cells: Sequence[CellSource]) -> None:
        """Fork a new one, with the libraries that the cells mention."""
        self.kill()
        limits = self._limits
        seconds = limits.cells_seconds + limits.tests_seconds + limits.training_seconds
        given_bytes, given_entries = quota(self._zygote.files)
        self._spawned = self._zygote.spawn(
            {
                "memory_bytes": limits.memory,
                "processes": limits.processes,
                "scratch_bytes": limits.scratch + given_bytes,
                "scratch_inodes": ScratchLimits.scratch_inodes + given_entries,
                "cpu_seconds": int(seconds) * 4 + 60,
            },
            libraries(cells),
        )
        self._spawned.channel.limits = FrameLimits(structure=room_left(limits), payload=limits.reply)
        self._clock.follow(self._spawned.pid)

    def set_up(self, seed: int) -> tuple[str, ...]:
        """Confine it; returns the layers that hold.

        Raises:
            GraderFault: it says that it cannot begin.
        """
        answer = self.ask(
            {
                "seed": seed,
                "output": self._limits.output,
                "reply": self._limits.reply,
                "threads": self._zygote.threads,
                "files": self._zygote.files,
            },
            seconds=30.0,
        )
        if "failed" in answer:
            self.kill()
            raise GraderFault(f"a candidate could not start: {answer['failed']}")
        return tuple(str(layer) for layer in answer["layers"])

    def ask(self, message: dict[str, Any], *, seconds: float, interrupt: bool = False) -> dict[str, Any]:
        """The answer to a request; with ``interrupt`` the candidate is told when its time is up, and has a
        little more of it to end what it does.

        Raises:
            ChannelClosed, ChannelTimeout, WireError: there is none, or none that is valid.
        """
        assert self._spawned is not None
        spawned = self._spawned
        end = self._clock.look() + seconds
        wait = self._clock.wait(end)

        def extension() -> float:
            nonlocal wait, interrupt
            more = wait.extension()
            if not more and interrupt:
                interrupt = False
                spawned.interrupt()
                wait = self._clock.wait(end + _GRACE)
                more = _GRACE
            return more

        try:
            spawned.channel.send(
                message, deadline=wait.deadline, extension=extension, limits=FrameLimits(structure=1 << 28)
            )
            answer = spawned.channel.receive(deadline=wait.deadline, extension=extension)
        finally:
            wait.over()
        if not isinstance(answer, dict):
            raise WireError("not a valid answer")
        return answer

    def ended(self) -> tuple[Verdict, Message]:
        """Why the whole candidate is gone, from its warden's exit code.

        Raises:
            GraderFault: the warm process or the warden was ended, and took the candidate with it.
        """
        assert self._spawned is not None
        number = self._spawned.number
        self.kill()
        code = self._zygote.exit_code(number, seconds=60.0)
        # A signal that ends a candidate reads 128 + its number; a negative code is the warden's own end.
        if code is None or code < 0 or is_ours(code):
            raise GraderFault("the warm process, or what watches the submission's, was ended")
        return explain(code, self._limits)

    def fork(self) -> tuple[Channel, int] | None:
        """A socket to a new fork of it, and the fork's number; None if it does not answer and was killed."""
        ours, theirs = socket.socketpair()
        wait = self._clock.wait(self._clock.look() + _FORK_SECONDS)
        try:
            self.channel.send(request(Op.FORK), deadline=wait.deadline, extension=wait.extension)
            socket.send_fds(self.channel.socket, [b"F"], [theirs.fileno()])
            child = self.channel.receive(deadline=wait.deadline, extension=wait.extension).get("child")
        except (ChannelClosed, ChannelTimeout, WireError, OSError, AttributeError):
            child = None
        finally:
            theirs.close()
        if type(child) is not int:
            ours.close()
            self.kill()
            return None
        return Channel(ours, FrameLimits(structure=4 << 20, payload=self._limits.reply)), child

    def end_fork(self, child: int, *, kill: bool) -> int | None:
        """Exit code of a fork; if the process does not say within a moment, all of it is killed."""
        if not self.alive:
            return None
        try:
            answer = self.ask(request(Op.END, child=child, kill=kill), seconds=_END_SECONDS)
        except ChannelClosed:
            return None
        except (ChannelTimeout, WireError):
            self.kill()
            return None
        code = answer.get("code")
        return code if type(code) is int and -64 <= code <= 255 else None

    def kill(self) -> None:
        """End it and all that it started."""
        if self._spawned is not None:
            self._spawned.kill()
