# what: writes where it must not, through links, .., devices and /proc
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
import os
import sys

targets = [
    "/tmp/../etc/autograder-was-here",
    "/etc/passwd",
    "/usr/lib/autograder-was-here",
    f"{sys.prefix}/autograder-was-here",
    np.__file__,
    "../../../gradebook.db",
    "../../../../gradebook.db",
    "/opt/autograder-was-here",
    "/root/autograder-was-here",
    "/proc/sys/kernel/core_pattern",
    "/proc/self/oom_score_adj-not",
    "/var/tmp/autograder-was-here",
]
for target in targets:
    new = not os.path.exists(target)
    try:
        with open(target, "ab"):
            pass
    except OSError:
        continue
    print("REA" + "CHED", target)
    if new:
        os.unlink(target)
try:
    os.symlink("/", "root")
    open("root/etc/autograder-was-here", "w")
    print("REA" + "CHED", "link")
    os.unlink("/etc/autograder-was-here")
except OSError:
    pass
