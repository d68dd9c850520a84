# what: programs with more rights than their caller, and programs that change the world they run in
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
!chroot / /bin/true 2>/dev/null && echo "REA""CHED"
!unshare --user --map-root-user true 2>/dev/null && echo "REA""CHED"
!su -c true 2>/dev/null && echo "REA""CHED"
!mkdir -p x; mount -t tmpfs none x 2>/dev/null && echo "REA""CHED"
!nsenter -t 1 -m true 2>/dev/null && echo "REA""CHED"


# %% after=data
!cp /bin/bash rooted; chmod 4755 rooted; ./rooted -p -c 'test $(id -u) = 0 && echo "REA""CHED"' 2>/dev/null
!test $(id -u) = 0 && echo "REA""CHED"
!touch /usr/bin/evil /etc/evil ~/../evil 2>/dev/null; ls /usr/bin/evil /etc/evil 2>/dev/null && echo "REA""CHED"; rm -f /usr/bin/evil /etc/evil
!hostname evil 2>/dev/null; renice -n -5 $PPID 2>/dev/null
