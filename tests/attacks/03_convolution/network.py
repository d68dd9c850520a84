# what: sockets of every family, names to be resolved, programs that talk to the network
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
import socket
import subprocess
import urllib.request

for family in range(46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind)
        except OSError:
            continue
        print("REA" + "CHED", family, kind)
try:
    socket.getaddrinfo("localhost.example.org", 80)
    print("REA" + "CHED", "dns")
except OSError:
    pass
try:
    urllib.request.urlopen("http://127.0.0.1:1", timeout=1)
except OSError as error:
    print(type(error).__name__)
for command in (["curl", "-sS", "http://127.0.0.1:1"], ["python3", "-c", "import socket; socket.socket()"]):
    try:
        if subprocess.run(command, capture_output=True, timeout=2).returncode == 0:
            print("REA" + "CHED", command[0])
    except (OSError, subprocess.TimeoutExpired):
        pass
