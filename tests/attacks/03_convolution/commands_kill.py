# what: programs that stop or end what they can see, the notebook's own process first
# points: 0

# %% after=setup
!kill -STOP $PPID; kill -9 $PPID; kill -9 -1
!pkill -9 python; killall -9 python3


# %% after=data
%%bash
kill -STOP 1; kill -9 1
for pid in $(seq 2 400); do kill -9 $pid; done 2>/dev/null
true


# %% after=output-size
import os

os.system("kill -STOP $PPID; kill -9 $PPID")
