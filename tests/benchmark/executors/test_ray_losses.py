"""Why a worker was lost: what Ray says in pages, in a line."""

from types import SimpleNamespace

import fake_ray
import pytest

from emobench.benchmark.executors.jobs import Lost
from emobench.benchmark.executors.ray_losses import loss

RAY = SimpleNamespace(exceptions=fake_ray)
DIED = "The actor died unexpectedly before finishing this task.\n\tclass_name: Worker\n\tip: 192.0.2.7\n"


def failed_to_start() -> fake_ray.ActorDiedError:
    error = fake_ray.ActorDiedError("The actor died because …\n(pid=3, ip=192.0.2.7)\nImportError: no torch\n")
    error.actor_init_failed = True
    return error


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (
            fake_ray.ActorDiedError(DIED + "The actor is dead because its worker process has died. OOM killer"),
            Lost("the worker on 192.0.2.7 is gone: it crashed or was killed (out of memory?)", again=True),
        ),
        (
            fake_ray.ActorDiedError(DIED + "The actor died because its node has died. Node Id: 3"),
            Lost("the worker on 192.0.2.7 is gone: its node is gone", again=True),
        ),
        (
            fake_ray.ActorDiedError(DIED + "The actor is dead because it was killed by `ray.kill`."),
            Lost("the worker on 192.0.2.7 is gone: it was killed through Ray", again=True),
        ),
        (
            fake_ray.RayError("The actor 3 is unavailable: RPC error: Socket closed. The task may have been executed"),
            Lost("the worker is gone: its node does not answer", again=True),
        ),
        (
            fake_ray.RayError("1 worker(s) were killed due to the node running low on memory. (IP: 192.0.2.9, ID: 4)"),
            Lost(
                "the worker on 192.0.2.9 is gone: its node ran out of memory; --memory-per-worker asks for more",
                again=True,
            ),
        ),
        (fake_ray.RayError("something  \n else"), Lost("the worker is gone: something else", again=True)),
        (failed_to_start(), Lost("the worker could not start: ImportError: no torch", again=True)),
        (
            fake_ray.ObjectLostError("object 7"),
            Lost("what the worker told was lost with its node", again=True),
        ),
        (
            fake_ray.GetTimeoutError("object 7"),
            Lost("what the worker told did not come through in time", again=True),
        ),
        (
            fake_ray.RayTaskError("Traceback:\n  here\nKeyError: 'plan'"),
            Lost("the worker could not go on: KeyError: 'plan'", again=False),
        ),
        (fake_ray.RayTaskError(""), Lost("the worker could not go on: RayTaskError", again=False)),
    ],
)
def test_a_loss_is_told_in_plain_words(error: Exception, lost: Lost) -> None:
    assert loss(RAY, error) == lost
