"""The scenarios: what happens to brokers and workers while input keeps coming."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from msgspec import Struct

from schemas.topics import LANGUAGE_PARTITIONS
from streams.dev.kafka import Cluster
from streams.settings import Connection
from tests.chaos.topics import fence
from tests.chaos.workers import WorkerProcess

_SESSION_S: Final = 6
_OK: Final = 200


class Options(Struct, frozen=True, kw_only=True):
    """How long and how hard."""

    kills: int = 100
    rounds: int = 3
    shortest_s: float = 2.0
    longest_s: float = 5.0
    rate: float = 500.0
    poison: float = 0.01
    seed: int = 0


class Stage:
    """What a scenario plays on: a cluster, workers by name, and luck."""

    def __init__(self, cluster: Cluster, prefix: str, folder: Path, options: Options) -> None:
        self.cluster = cluster
        self.prefix = prefix
        self.options = options
        self.connection = Connection(bootstrap_servers=cluster.bootstrap_servers())
        self.luck = random.Random(options.seed)
        self.workers: dict[str, WorkerProcess] = {}
        self.did: Counter[str] = Counter()
        self._folder = folder

    async def start(self, name: str, *, static: bool = True) -> WorkerProcess:
        """Start a worker."""
        instance = ("--instance-id", name) if static else ()
        worker = WorkerProcess(
            self.connection.bootstrap_servers,
            self.prefix,
            self._folder / f"{name}.log",
            *("--session-timeout", str(_SESSION_S)),
            *instance,
        )
        self.workers[name] = worker
        return worker

    async def ready(self, *names: str, seconds: float = 120) -> None:
        """Wait until workers have their partitions; one that ended by itself is started again."""
        async with asyncio.timeout(seconds):
            for name in names or list(self.workers):
                while True:
                    worker = self.workers[name]
                    if not worker.is_running:
                        self.did[f"ended by itself with {worker.wait()}"] += 1
                        await self.start(name)
                    elif await asyncio.to_thread(worker.get, "readyz") == (_OK, "ready\n"):
                        break
                    await asyncio.sleep(0.1)

    async def stop(self, name: str) -> None:
        """Stop a worker cleanly."""
        status, seconds = await asyncio.to_thread(self.workers.pop(name).stop)
        self.did[f"stopped with {status}"] += 1
        if seconds > 5:
            self.did["stopped in more than 5 s"] += 1

    async def pause(self) -> None:
        """Let a random while go by, as long as the options say."""
        await asyncio.sleep(self.luck.uniform(self.options.shortest_s, self.options.longest_s))

    def close(self) -> None:
        """Kill what is left."""
        for worker in self.workers.values():
            worker.kill()


async def kill(stage: Stage) -> None:
    """Kill -9 of one of two workers at random, started again at once, under static membership."""
    for name in "ab":
        await stage.start(name)
    await stage.ready()
    while stage.did["killed"] < stage.options.kills:
        await stage.pause()
        name = stage.luck.choice("ab")
        if stage.workers[name].is_running:
            stage.workers[name].kill()
            stage.did["killed"] += 1
        else:
            stage.did[f"ended by itself with {stage.workers[name].wait()}"] += 1
        await stage.start(name)
    await stage.ready()


async def rebalance(stage: Stage) -> None:
    """1, 2, 3, 2, 1 workers with dynamic membership: they join, and leave by SIGTERM."""
    await stage.start("a", static=False)
    await stage.ready("a")
    for _ in range(stage.options.rounds):
        for name in "bc":
            await stage.pause()
            await stage.start(name, static=False)
            await stage.ready(name)
            stage.did["joined"] += 1
        for name in "bc":
            await stage.pause()
            await stage.stop(name)
        await stage.ready("a")


async def freeze(stage: Stage) -> None:
    """One of two workers frozen (SIGSTOP) for longer than its session, then thawed."""
    for name in "ab":
        await stage.start(name, static=False)
    await stage.ready()
    for round_number in range(stage.options.rounds):
        name = "ab"[round_number % 2]
        stage.workers[name].signal(signal.SIGSTOP)
        await asyncio.sleep(2 * _SESSION_S)
        stage.workers[name].signal(signal.SIGCONT)
        stage.did["frozen"] += 1
        await stage.pause()
        await stage.ready()


async def rogue(stage: Stage) -> None:
    """Somebody else fences the producer of a random partition, again and again."""
    await stage.start("a")
    await stage.ready()
    for _ in range(stage.options.rounds * 4):
        number = stage.luck.randrange(LANGUAGE_PARTITIONS)
        await fence(stage.connection, stage.prefix, number)
        stage.did["fenced"] += 1
        await asyncio.sleep(stage.luck.uniform(0.2, 1))
    await stage.ready()


async def broker(stage: Stage) -> None:
    """The only broker stopped and started, killed and started."""
    for name in "ab":
        await stage.start(name)
    await stage.ready()
    (node,) = stage.cluster.nodes
    for _ in range(stage.options.rounds):
        for end in (stage.cluster.stop_node, stage.cluster.kill):
            await asyncio.to_thread(end, node)
            stage.did["broker ended"] += 1
            await asyncio.sleep(stage.luck.uniform(0, 4))
            await asyncio.to_thread(stage.cluster.restart, node)
            await stage.ready()
            await stage.pause()


async def nodes(stage: Stage) -> None:
    """One of three nodes killed and back, in turn: leaders and coordinators move each time."""
    for name in "ab":
        await stage.start(name)
    await stage.ready()
    for _ in range(stage.options.rounds):
        for node in stage.cluster.nodes:
            await asyncio.to_thread(stage.cluster.kill, node)
            stage.did["node killed"] += 1
            await stage.pause()
            await asyncio.to_thread(stage.cluster.restart, node)
            await stage.ready()
            await stage.pause()


async def coordinator(stage: Stage) -> None:
    """The node that coordinates the workers' group stopped cleanly and started, again and again."""
    for name in "ab":
        await stage.start(name)
    await stage.ready()
    for _ in range(stage.options.rounds):
        node = await _coordinator(stage)
        await asyncio.to_thread(stage.cluster.stop_node, node)
        stage.did["coordinator moved"] += 1
        await stage.pause()
        await asyncio.to_thread(stage.cluster.restart, node)
        await stage.ready()


async def _coordinator(stage: Stage) -> int:
    client = AIOKafkaAdminClient(**stage.connection.aiokafka_options())
    await client.start()
    try:
        return int(await client.find_coordinator(f"{stage.prefix}-worker"))
    finally:
        await client.close()


async def mix(stage: Stage) -> None:
    """Three workers; at random kill -9, a freeze of 1 to 12 s, SIGTERM."""
    for name in "abc":
        await stage.start(name)
    await stage.ready()
    frozen: list[asyncio.Task[None]] = []
    for _ in range(stage.options.rounds * 8):
        await stage.pause()
        name = stage.luck.choice("abc")
        worker = stage.workers[name]
        what = stage.luck.choice(("killed", "frozen", "stopped"))
        if not worker.is_running:
            what = f"ended by itself with {worker.wait()}"
        elif what == "killed":
            worker.kill()
        elif what == "frozen":
            frozen.append(asyncio.create_task(_freeze(worker, stage.luck.uniform(1, 12))))
        else:
            worker.signal(signal.SIGTERM)
        stage.did[what] += 1
        if what != "frozen":
            await asyncio.to_thread(worker.wait, 120)
            await stage.start(name)
    await asyncio.gather(*frozen)
    await stage.ready()


async def _freeze(worker: WorkerProcess, seconds: float) -> None:
    worker.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    worker.signal(signal.SIGCONT)


Scenario = Callable[[Stage], Awaitable[None]]
SCENARIOS: Final[dict[str, tuple[Scenario, int]]] = {
    "kill": (kill, 1),
    "rebalance": (rebalance, 1),
    "freeze": (freeze, 1),
    "rogue": (rogue, 1),
    "broker": (broker, 1),
    "mix": (mix, 1),
    "nodes": (nodes, 3),
    "coordinator": (coordinator, 3),
}
"""Each scenario and how many nodes it wants."""
