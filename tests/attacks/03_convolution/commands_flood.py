# what: programs that write without end, to the notebook and to the disk
# points: 0
# cells: [output]

# %% after=setup
!dd if=/dev/zero of=big bs=1M 2>/dev/null; rm -f big


# %% after=data
!yes


# %% after=output-size
x = !cat /dev/zero


# %% after=pad-2d
%%bash --out x
cat /dev/urandom


# %% after=correlate-1d
import os

os.system("yes; yes 1>&2")
