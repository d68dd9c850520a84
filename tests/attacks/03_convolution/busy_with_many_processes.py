# what: keeps itself waiting for a processor with processes of its own, to be given more time
# points: 0
# cells: [timeout]

# %% after=setup
import os

for _ in range(30):
    if os.fork() == 0:
        while True:
            pass
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
