"""Runs a command that must end with the process that started it.

Usage: launcher.py STOP_SIGNAL GRACE_SECONDS SCRATCH COMMAND [ARGUMENT...]

Prints the command's pid. When stdin closes, because the starter closed it or has ended (even by kill -9), the command
gets STOP_SIGNAL. After GRACE_SECONDS, the rest of its process group is killed. SCRATCH, if not empty, is a folder that
is removed at the end. Exits with the command's exit code, or 128 + the signal that ended it.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading

stop_signal, grace, scratch, command = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]


def die_with_launcher():
    """On Linux, the kernel kills the command when the launcher is killed."""
    if sys.platform == "linux":
        import ctypes

        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


child = subprocess.Popen(
    command,
    stdin=subprocess.DEVNULL,
    stdout=sys.stderr,
    start_new_session=True,
    preexec_fn=die_with_launcher,
)
ended = threading.Event()


def kill_group():
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # the group has ended


def end_when_stdin_closes():
    sys.stdin.read()
    child.send_signal(getattr(signal, stop_signal))
    if not ended.wait(grace):
        kill_group()


threading.Thread(target=end_when_stdin_closes, daemon=True).start()
try:
    print(child.pid, flush=True)
except OSError:
    pass  # the starter has ended: stdin is closed, too

code = child.wait()
ended.set()
kill_group()
if scratch:
    shutil.rmtree(scratch, ignore_errors=True)
os._exit(code if code >= 0 else 128 - code)
