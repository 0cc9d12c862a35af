"""The workloads of a process pool, in Python: prints one figure."""

import asyncio
import os
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def increment(number):
    return number + 1


def echo(data):
    return data


def work(micros):
    start = time.perf_counter()
    while time.perf_counter() - start < micros / 1e6:
        pass
    return micros


def to_core(core):
    os.sched_setaffinity(0, {core})


def share(process):
    with open(f"/proc/{process}/smaps_rollup") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def middle(times):
    return statistics.median(times[len(times) // 10 :])


async def timed(count, call):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        await call()
        times.append((time.perf_counter() - start) * 1e6)
    return middle(times)


async def main(workload):
    loop = asyncio.get_running_loop()
    across = workload == "pool_process_call_across"
    if workload in ("pool_process_call", "pool_process_call_across"):
        core = (1,) if across else (0,)
        with ProcessPoolExecutor(1, initializer=to_core, initargs=core) as pool:
            return await timed(2000, lambda: loop.run_in_executor(pool, increment, 1))
    if workload == "pool_process_in_flight":
        with ProcessPoolExecutor(2) as pool:

            async def burst():
                calls = (loop.run_in_executor(pool, increment, n) for n in range(1000))
                await asyncio.gather(*calls)

            return await timed(10, burst)  # microseconds for a thousand are nanoseconds for one
    if workload in ("pool_process_start", "pool_process_start_1gib"):
        ballast = b"x" * (1 << 30) if workload.endswith("1gib") else b""

        async def once():
            with ProcessPoolExecutor(1) as pool:
                start = time.perf_counter()
                await loop.run_in_executor(pool, increment, 1)
                return (time.perf_counter() - start) * 1e6

        times = [await once() for _ in range(15)]
        del ballast  # it was in memory until here
        return middle(times)
    if workload == "pool_process_1mib":
        with ProcessPoolExecutor(1) as pool:
            data = b"x" * (1 << 20)
            return await timed(60, lambda: loop.run_in_executor(pool, echo, data))
    if workload == "pool_process_memory":
        with ProcessPoolExecutor(1) as pool:
            return share(await loop.run_in_executor(pool, os.getpid))
    if workload == "pool_process_fair":
        with ProcessPoolExecutor(2) as pool:
            await loop.run_in_executor(pool, increment, 1)
            start = time.perf_counter()
            long = loop.run_in_executor(pool, work, 300_000)
            await asyncio.gather(*(loop.run_in_executor(pool, work, 50) for _ in range(400)))
            taken = (time.perf_counter() - start) * 1e6
            await long
            return taken


print(asyncio.run(main(sys.argv[1])))
