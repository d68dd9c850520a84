# what: system calls that would leave the confinement
# points: 16

# %% replace=output-size
def output_size(input_size, kernel_size, stride=1, padding=0, dilation=1):
    sizes = dict(input_size=input_size, kernel_size=kernel_size, stride=stride, dilation=dilation)
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be 1 or more")
    if padding < 0:
        raise ValueError("padding must be 0 or more")
    room = input_size + 2 * padding - dilation * (kernel_size - 1) - 1
    if room < 0:
        raise ValueError("kernel_size is too large")
    return room // stride + 1


# %% after=setup
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "unshare": (272, 0x10000000),
    "setns": (308, 0, 0),
    "mount": (165, 0, b"/scratch", b"tmpfs", 0, 0),
    "umount2": (166, b"/proc", 2),
    "pivot_root": (155, b".", b"."),
    "chroot": (161, b"/scratch"),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 0),
    "io_uring_setup": (425, 8, 0),
    "keyctl": (250, 0, 0),
    "open_by_handle_at": (304, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "setuid": (105, 0),
    "memfd_create": (319, b"x", 0),
    "pidfd_getfd": (438, 0, 0, 0),
    "clone_newuser": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "sethostname": (170, b"x", 1),
    "acct": (163, 0),
    "swapon": (167, b"/scratch/x", 0),
    "kexec": (246, 0, 0, 0, 0),
    "prctl_pdeathsig": (157, 1, 0),
    "prctl_dumpable": (157, 4, 1),
}
if os.uname().machine == "x86_64":
    for name, arguments in CALLS.items():
        result = libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
        if result >= 0:
            print("REA" + "CHED", name)
            if name == "clone_newuser" and result == 0:
                os._exit(0)
