# what: programs that get out of their group and stay, and flood, rewrite, and wait for the tests
# points: <= 16

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
!nohup setsid bash -c 'while true; do echo x >> stays.txt; sleep 0.01; done' > /dev/null 2>&1 & disown
!bash -ic 'set -m; (while true; do :; done) & disown' 2>/dev/null


# %% after=data
import os

os.system("setsid bash -c 'while true; do echo x > conftest.py; cp conftest.py numpy.py; sleep 0.01; done' > /dev/null 2>&1 &")
os.system("for n in $(seq 3 40); do (while true; do echo '{}' >&$n; sleep 0.01; done) 2>/dev/null & done")
os.system("(while true; do echo flood; done) &")


# %% after=pad-2d
import subprocess

subprocess.Popen(["bash", "-c", "while true; do dd if=/dev/zero of=big bs=1M count=100; done"], start_new_session=True)
