"""The same work through an existing dask.distributed cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from importlib import import_module

from app.files.batch import in_order
from app.files.work import Outcome, Task

CONNECT_SECONDS = 10.0


class NoCluster(Exception):  # noqa: N818
    """One sentence for the user."""


def in_cluster(tasks: Iterable[Task], scheduler: str) -> Generator[Outcome, None, None]:
    """`scheduler`: its address. Every worker needs this program, and the files and weights under the same paths.

    Raises NoCluster.
    """
    try:
        distributed = import_module("distributed")  # an extra: it may not be there
    except ImportError:
        raise NoCluster("dask is not installed: pip install 'nystream[dask]'") from None
    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise NoCluster(f"the scheduler {scheduler} does not answer ({error}): check its address") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise NoCluster(f"the scheduler {scheduler} has no workers: start some with `dask worker {scheduler}`")
        with client.get_executor(pure=False) as executor:
            yield from in_order(executor, tasks, in_flight=4 * threads)
