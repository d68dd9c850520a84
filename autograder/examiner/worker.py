"""One examiner process: a week's suite, a warm zygote, and one submission after another.

``python -m autograder.examiner.worker FD SETTINGS`` takes jobs from the grader over the socket ``FD``
(both ends are ours) and answers each with an :class:`~autograder.examination.Examination` as JSON.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter

from autograder.course.companions import released_beside
from autograder.course.folders import Paths
from autograder.course.reading import load_course
from autograder.examiner.examiner import Examiner, listed
from autograder.examiner.outcomes import SuiteError
from autograder.examiner.probe import Probe
from autograder.examiner.remote.errors import GraderFault
from autograder.examiner.remote.own_time import OwnTime
from autograder.examiner.remote.zygote import Zygote
from autograder.examiner.settings import WorkerSettings
from autograder.examiner.suite import Suite, run_suite
from autograder.messages import Message
from autograder.mnist import digits
from autograder.processes import die_with_parent
from autograder.protocol import Settings
from autograder.wire import Channel, ChannelClosed, FrameLimits

_BEAT = 5.0
"""Seconds between two signs of life."""
_GARBAGE = 50_000
"""New objects before the collector looks for cycles; at 700 it would look all through the imports."""
_MEMORY_BYTES = 4 << 30
"""What an examiner may use; it needs a tenth of it."""


def _bound_memory(size: int) -> None:
    """Fail rather than take the machine's memory; the warm process and the candidates inherit it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or size < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def _heart(channel: Channel) -> Callable[[], None]:
    """Tells the grader now and then that this process is at work."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > _BEAT:
            last = time.monotonic()
            channel.send({"working": True})

    return beat


def main() -> None:
    """Collect the suite, warm the zygote, and take jobs until the grader hangs up."""
    if sys.platform == "linux":  # nobody waits for what a grader that was killed has asked for
        die_with_parent(signal.SIGKILL)
    gc.set_threshold(_GARBAGE, 20, 20)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), FrameLimits(structure=1 << 28, payload=0))
    settings = TypeAdapter(WorkerSettings).validate_json(sys.argv[2])
    root = Path(settings.root)
    course = load_course(root)
    assignment = course.assignment(settings.assignment)
    if sys.platform == "linux":
        _bound_memory(_MEMORY_BYTES + assignment.limits.memory)
    full = Paths(root).data(course.data)
    if full is not None:  # the suite asks for the data without knowing of the course
        os.environ[digits.ENVIRONMENT_VARIABLE] = str(full)
    zygote = Zygote(
        Settings(
            tensorflow=assignment.tensorflow,
            data=settings.data,
            hidden=(str(root), *(str(path) for path in digits.private_files(full))),
            switched_off=settings.switched_off,
        ),
        threads=settings.threads,
        files=released_beside(Paths(root), settings.assignment),
    )
    zygote.start()  # warms up while the suite is collected
    OwnTime.sign_of_life = staticmethod(_heart(channel))

    def body(suite: Suite) -> None:
        examiner = Examiner(settings, suite, zygote)
        probe = Probe(examiner)
        gc.freeze()  # modules and the suite stay: the collector need not look through them
        by_seed = {0: examiner}  # another seed is for `verify`
        try:
            examiner.demand_confinement()
            channel.send({"ready": True})
            while True:
                job = channel.receive()
                if "tests" in job:
                    channel.send({"tests": [listed(test) for test in suite.tests]})
                elif "usage" in job:
                    channel.send({"usage": probe.usage()})
                elif "carried" in job:
                    channel.send(probe.carried(job["carried"], job["source"]))
                elif "probe" in job:
                    channel.send(probe.ask(job.pop("probe"), job.pop("source"), **job))
                else:
                    seed = job.get("seed", 0)
                    if seed not in by_seed:
                        by_seed[seed] = Examiner(settings, suite, zygote, seed, examiner.training_seconds)
                    examination = by_seed[seed].examine(
                        job["student"],
                        job["key"],
                        job["raw"],
                        Message.model_validate(job["problem"]) if job["problem"] else None,
                        pictures=job.get("pictures", False),
                    )
                    # With all that a notebook may hold and write: more than other frames have room for.
                    channel.send({"examination": examination.model_dump_json()}, limits=channel.limits)
        except ChannelClosed:
            return
        finally:
            for one in by_seed.values():
                one.close()

    try:
        run_suite(Paths(root).suite(settings.assignment), body)
    except (SuiteError, GraderFault, OSError) as error:
        with contextlib.suppress(ChannelClosed):  # whoever would hear it has gone, too
            channel.send({"problem": str(error)})
    finally:
        zygote.stop()


if __name__ == "__main__":
    main()
