# what: magics that run shell commands, load extensions, run files and write them
# points: 0

# %% after=setup
!cat /etc/shadow ~/.bash_history ../*/*.ipynb tests/hidden/*/*.py
%run /root/solution.py


# %% after=data
%%bash
cat /proc/1/environ /proc/*/cmdline
find / -name 'test_hidden.py' -not -path '/proc/*' 2>/dev/null | grep -q . && echo "REA""CHED"
(sleep 1000 & sleep 1000 &) &


# %% after=output-size
%load_ext autoreload
%autoreload 2
%load_ext cython


# %% after=pad-2d
%%writefile conftest.py
raise SystemExit


# %% after=correlate-1d
%system id
%sx ls /
%env HOME=/root
%cd /
%pip install evil
%conda install evil
%store
%history -g
%reset -f
%debug


# %% after=compare-images
import os

os.system("id; ls / ; kill -9 -1")
os.execv("/bin/sh", ["sh", "-c", "sleep 1000"])
