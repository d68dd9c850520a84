# what: looks for hidden tests, solutions, the gradebook, records and other submissions, by name and by walking
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
import os
import sys

MARK = "SECRET" + "-MARKER-"
places = ["/work", "/home", "/root", "/srv", "/opt", "/var", os.path.dirname(sys.prefix), *sys.path, "/tmp"]
frame = sys._getframe()
while frame is not None:
    settings = frame.f_locals.get("settings")
    if settings is not None:
        places[:0] = getattr(settings, "hidden", ())
    frame = frame.f_back
count = 0
for place in places:
    for folder, folders, files in os.walk(place):
        folders[:] = [name for name in folders if name not in ("site-packages", "node_modules", ".git", ".venv", "proc")]
        for name in files:
            count += 1
            if count > 5000 or not name.endswith((".py", ".yml", ".json", ".ipynb", ".db", ".txt")):
                continue
            try:
                with open(os.path.join(folder, name), "rb") as file:
                    if MARK.encode() in file.read(1 << 20):
                        print("REA" + "CHED", name)
            except OSError:
                pass
