"""Executors by name; what one needs is imported when it is asked for."""

import importlib
import importlib.util

from ..errors import MissingPackage
from ..plan import Plan
from ..run_folder import RunFolder
from .base import Executor
from .execution import Execution


def require_package(execution: Execution) -> None:
    """Raise MissingPackage when the package of a cluster is needed and not installed."""
    if execution.executor == "ray" and importlib.util.find_spec("ray") is None:
        raise MissingPackage("--executor ray needs the package 'ray': pip install 'emobench[ray]'")


def make_executor(execution: Execution, plan: Plan, folder: RunFolder) -> Executor:
    """Return who computes the jobs of a plan into a folder; nothing is started yet."""
    if execution.executor == "local":
        from .local import LocalExecutor

        return LocalExecutor(plan, folder, workers=execution.workers or 1)
    # By name: what it imports is no part of an ordinary installation.
    module = importlib.import_module(".ray_cluster", __package__)
    executor: Executor = module.RayExecutor(
        plan,
        folder,
        address=execution.address,
        demand=module.Demand(plan.options.threads, execution.memory, execution.gpus),
        most=execution.workers or 0,
    )
    return executor
