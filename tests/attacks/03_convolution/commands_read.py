# what: looks for tests, solutions, other submissions and the grader's environment with programs instead of Python
# points: 0
# probe: [mount, landlock, uid, user, pid, net, ipc, uts, seccomp]

# %% after=setup
!find /tmp -maxdepth 9 -name test_hidden.py 2>/dev/null | xargs -r grep -l "SECRET-MARKER" 2>/dev/null | head -1 | sed 's/.*/REA''CHED/'
%run /root/solution.py


# %% after=data
!cat /proc/1/environ /proc/*/environ 2>/dev/null | tr '\0' '\n' | grep "SECRET-MARKER" && echo "REA""CHED"
!env | grep "SECRET-MARKER" && echo "REA""CHED"
!cat ~/.netrc ~/secret.txt ../../*/*/*.ipynb ../../gradebook.db 2>/dev/null | grep "SECRET-MARKER"
!ps axe 2>/dev/null | grep "SECRET-MARKER" | grep -v grep


# %% after=output-size
found = !find / -name "*.ipynb" -path "*submitted*" 2>/dev/null
if found:
    print("REA" + "CHED", found[:3])
!ls -R /work /root /home /srv 2>/dev/null | grep -q "test_hidden.py" && echo "REA""CHED"
!git -C / grep "SECRET-MARKER" 2>/dev/null


# %% after=pad-2d
%%bash
exec 9<>/proc/1/fd/0
for file in /proc/1/fd/* /proc/self/fd/*; do readlink "$file"; done | grep -v -e '^/dev/null' -e '^pipe' -e '^/scratch' -e '^/proc' -e socket && echo "REA""CHED"
cp -r / /scratch/copy 2>/dev/null
grep -r "SECRET-MARKER" /scratch/copy 2>/dev/null
true
