# what: reaches for the network with programs
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
!python3 -c "import socket; socket.socket(); print('REA' + 'CHED')" 2>/dev/null
!{__import__("sys").executable} -c "import socket; socket.socket(); print('REA' + 'CHED')"


# %% after=data
!curl -sS -m 1 http://127.0.0.1:1 && echo "REA""CHED"
!wget -q -T 1 -t 1 http://example.org && echo "REA""CHED"
!git clone -q http://127.0.0.1:1/x && echo "REA""CHED"
%pip download evil


# %% after=output-size
%%bash
(echo > /dev/tcp/127.0.0.1/22) 2>/dev/null && echo "REA""CHED"
(echo > /dev/udp/8.8.8.8/53) 2>/dev/null && echo "REA""CHED"
getent hosts example.org && echo "REA""CHED"
true
