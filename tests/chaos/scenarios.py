"""The chaos scenarios: faults of brokers and workers while input keeps arriving."""

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
    """The duration and intensity of scenarios."""

    kills: int = 100
    rounds: int = 3
    shortest_s: float = 2.0
    longest_s: float = 5.0
    rate: float = 500.0
    poison: float = 0.01
    seed: int = 0


class Testbed:
    """The environment of a scenario: a cluster, workers by name, and seeded random choices."""

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
        """Wait until workers are ready; one that ended by itself is started again."""
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
        """Sleep for a random time within the options' bounds."""
        await asyncio.sleep(self.luck.uniform(self.options.shortest_s, self.options.longest_s))

    def close(self) -> None:
        """Kill all workers."""
        for worker in self.workers.values():
            worker.kill()


async def kill(testbed: Testbed) -> None:
    """`kill -9` of one of two workers at random, restarted at once, with static membership."""
    for name in "ab":
        await testbed.start(name)
    await testbed.ready()
    while testbed.did["killed"] < testbed.options.kills:
        await testbed.pause()
        name = testbed.luck.choice("ab")
        if testbed.workers[name].is_running:
            testbed.workers[name].kill()
            testbed.did["killed"] += 1
        else:
            testbed.did[f"ended by itself with {testbed.workers[name].wait()}"] += 1
        await testbed.start(name)
    await testbed.ready()


async def rebalance(testbed: Testbed) -> None:
    """1, 2, 3, 2, 1 workers with dynamic membership: they join, and leave by SIGTERM."""
    await testbed.start("a", static=False)
    await testbed.ready("a")
    for _ in range(testbed.options.rounds):
        for name in "bc":
            await testbed.pause()
            await testbed.start(name, static=False)
            await testbed.ready(name)
            testbed.did["joined"] += 1
        for name in "bc":
            await testbed.pause()
            await testbed.stop(name)
        await testbed.ready("a")


async def freeze(testbed: Testbed) -> None:
    """One of two workers frozen (SIGSTOP) for longer than its session, then thawed."""
    for name in "ab":
        await testbed.start(name, static=False)
    await testbed.ready()
    for round_number in range(testbed.options.rounds):
        name = "ab"[round_number % 2]
        testbed.workers[name].signal(signal.SIGSTOP)
        await asyncio.sleep(2 * _SESSION_S)
        testbed.workers[name].signal(signal.SIGCONT)
        testbed.did["frozen"] += 1
        await testbed.pause()
        await testbed.ready()


async def rogue(testbed: Testbed) -> None:
    """A foreign producer fences that of a random partition, again and again."""
    await testbed.start("a")
    await testbed.ready()
    for _ in range(testbed.options.rounds * 4):
        number = testbed.luck.randrange(LANGUAGE_PARTITIONS)
        await fence(testbed.connection, testbed.prefix, number)
        testbed.did["fenced"] += 1
        await asyncio.sleep(testbed.luck.uniform(0.2, 1))
    await testbed.ready()


async def broker(testbed: Testbed) -> None:
    """The only broker is stopped and started, then killed and started."""
    for name in "ab":
        await testbed.start(name)
    await testbed.ready()
    (node,) = testbed.cluster.nodes
    for _ in range(testbed.options.rounds):
        for end in (testbed.cluster.stop_node, testbed.cluster.kill):
            await asyncio.to_thread(end, node)
            testbed.did["broker ended"] += 1
            await asyncio.sleep(testbed.luck.uniform(0, 4))
            await asyncio.to_thread(testbed.cluster.restart, node)
            await testbed.ready()
            await testbed.pause()


async def nodes(testbed: Testbed) -> None:
    """Each of three nodes is killed and restarted in turn: leaders and coordinators move each time."""
    for name in "ab":
        await testbed.start(name)
    await testbed.ready()
    for _ in range(testbed.options.rounds):
        for node in testbed.cluster.nodes:
            await asyncio.to_thread(testbed.cluster.kill, node)
            testbed.did["node killed"] += 1
            await testbed.pause()
            await asyncio.to_thread(testbed.cluster.restart, node)
            await testbed.ready()
            await testbed.pause()


async def coordinator(testbed: Testbed) -> None:
    """The group coordinator's node is stopped cleanly and restarted, again and again."""
    for name in "ab":
        await testbed.start(name)
    await testbed.ready()
    for _ in range(testbed.options.rounds):
        node = await _coordinator(testbed)
        await asyncio.to_thread(testbed.cluster.stop_node, node)
        testbed.did["coordinator moved"] += 1
        await testbed.pause()
        await asyncio.to_thread(testbed.cluster.restart, node)
        await testbed.ready()


async def _coordinator(testbed: Testbed) -> int:
    client = AIOKafkaAdminClient(**testbed.connection.aiokafka_options())
    await client.start()
    try:
        return int(await client.find_coordinator(f"{testbed.prefix}-worker"))
    finally:
        await client.close()


async def mix(testbed: Testbed) -> None:
    """Three workers; at random `kill -9`, a freeze of 1 to 12 s, or SIGTERM."""
    for name in "abc":
        await testbed.start(name)
    await testbed.ready()
    frozen: list[asyncio.Task[None]] = []
    for _ in range(testbed.options.rounds * 8):
        await testbed.pause()
        name = testbed.luck.choice("abc")
        worker = testbed.workers[name]
        what = testbed.luck.choice(("killed", "frozen", "stopped"))
        if not worker.is_running:
            what = f"ended by itself with {worker.wait()}"
        elif what == "killed":
            worker.kill()
        elif what == "frozen":
            frozen.append(asyncio.create_task(_freeze(worker, testbed.luck.uniform(1, 12))))
        else:
            worker.signal(signal.SIGTERM)
        testbed.did[what] += 1
        if what != "frozen":
            await asyncio.to_thread(worker.wait, 120)
            await testbed.start(name)
    await asyncio.gather(*frozen)
    await testbed.ready()


async def _freeze(worker: WorkerProcess, seconds: float) -> None:
    worker.signal(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    worker.signal(signal.SIGCONT)


Scenario = Callable[[Testbed], Awaitable[None]]
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
"""Each scenario and the number of nodes that it needs."""
