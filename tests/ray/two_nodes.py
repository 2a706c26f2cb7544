"""A cluster whose nodes are on one machine and share no folder but the one where strange models meet the test."""

import contextlib
import os
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STORE = 100_000_000
"""Bytes of each object store."""

_WATCH = """
import os, sys
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.mkdir", "os.rename"):
        for argument in arguments[:2]:
            if isinstance(argument, (str, bytes)) and os.fsdecode(argument).startswith({run!r}):
                sys.stderr.write(event + " " + os.fsdecode(argument))
                os.open({log!r}, os.O_CREAT)
sys.addaudithook(watch)
"""


@dataclass
class Nodes:
    """A cluster and its nodes."""

    cluster: Any
    folder: Path
    """Where each node has a home and a place for temporary files of its own."""
    run: Path
    """For run folders; a worker that opens anything there leaves `touched` behind."""
    client_port: int
    """At which the head takes programs from elsewhere."""
    there: list[Any] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def client_address(self) -> str:
        """Return the address for programs from elsewhere, as soon as the head listens there."""
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.client_port), timeout=1.0).close()
                return f"ray://127.0.0.1:{self.client_port}"
            threading.Event().wait(0.1)

    @property
    def touched(self) -> Path:
        return self.folder / "touched"

    def add(self, *, path: str = "", **how: Any) -> Any:
        """Start a node, the first with the cluster's head."""
        own = self.folder / f"node{len(self.there)}"
        for name in ("home", "tmp", "watch"):
            (own / name).mkdir(parents=True)
        code = _WATCH.format(run=str(self.run), log=str(self.touched))
        (own / "watch" / "sitecustomize.py").write_text(code)
        paths = [path, str(own / "watch"), os.environ.get("PYTHONPATH", "")]
        variables = {
            "HOME": str(own / "home"),
            "TMPDIR": str(own / "tmp"),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        how = {"num_cpus": 1, "object_store_memory": STORE, "env_vars": variables, **how}
        if not self.there:
            how = {"include_dashboard": False, "ray_client_server_port": self.client_port, **how}
        node = self.cluster.add_node(**how)
        self.there.append(node)
        return node

    def of(self, worker: int) -> Any:
        """Return the node that a process belongs to."""
        raylets = {started.process.pid: node for node in self.there for started in node.all_processes.get("raylet", ())}
        while worker not in raylets:
            worker = int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[1])
        return raylets[worker]

    def remove(self, node: Any) -> None:
        """Take a node away with all its processes, without warning."""
        self.cluster.remove_node(node, allow_graceful=False)
        self.there.remove(node)
