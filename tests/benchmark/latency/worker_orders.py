"""Orders to the process that measures, and checkpoints for them."""

from collections.abc import Callable
from pathlib import Path

from latency_cells import cell

from emobench.baselines.base import FitContext
from emobench.benchmark.checkpoints import save_checkpoint
from emobench.benchmark.latency.orders import Order
from emobench.benchmark.latency.timing import Rules
from emobench.benchmark.models import make_model
from emobench.benchmark.registry import DATASETS, make

DATA = "simulated:test=4,train=8,validation=4,turns=2/4"
RAGE = "rage_fusion:epochs=1,width=8"
TINY = Rules(iterations=6, seconds=0.001, limit=20)


def order(stem: str, **changes: object) -> Order:
    """Return what a process is told to measure."""
    return Order(cell=cell(data=DATA, **changes), stem=stem, key="key", seed=0, parameters=7, rules=TINY)


def checkpoints(folder: Path) -> Callable[[str], str]:
    """Return what says where the checkpoint of a model lies, made when asked for."""
    splits = make(DATASETS, DATA).load()

    def made(model: str) -> str:
        path = folder / model.replace(":", "-").replace("/", "-")
        if not path.with_name(path.name + ".json").exists():
            fitted = make_model(model).fit(splits.train, splits.validation, context=FitContext(seed=0))
            save_checkpoint(path, fitted.state(), "key")
        return str(path)

    return made
