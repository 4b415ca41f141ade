"""Replays the same requests through sessionsim and through libCacheSim's LRU, in turn.

    python3 -m venv somewhere && somewhere/bin/pip install libcachesim
    somewhere/bin/python benches/against_libcachesim.py [ROUNDS]

Both have the requests in memory before the clock starts, room for the same number of objects, and
no TTL. libCacheSim is called in two ways: `process_trace`, its loop in C over a mapped file that
was read before, and `get` with requests that lie in a list of Python. Prints each round, and the
best of each with their ratios.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile
import time

import libcachesim as lcs

BENCH = ["cargo", "bench", "--quiet", "--bench", "replay", "--"]
# Requests for which objects of Python are made.
GETS = 1_000_000


def bench(*arguments):
    """What the benchmark of sessionsim prints."""
    return subprocess.run(
        [*BENCH, *arguments], check=True, capture_output=True, text=True
    ).stdout


def ours(size):
    """Millions of requests a second of allkeys-lru with samples of 5, keys and hit ratio."""
    pattern = r"allkeys-lru: ([\d.]+) M operations/s; (\d+) keys, hit ratio ([\d.]+)"
    found = re.search(pattern, bench("--once", size))
    return float(found[1]), int(found[2]), float(found[3])


def process_trace(path, capacity, hashpower):
    """The same of libCacheSim's exact LRU."""
    parameters = lcs.ReaderInitParam(ignore_obj_size=True)
    kind = lcs.TraceType.ORACLE_GENERAL_TRACE
    reader = lcs.TraceReader(trace=path, trace_type=kind, reader_init_params=parameters)
    cache = lcs.LRU(cache_size=capacity, hashpower=hashpower)
    started = time.perf_counter()
    miss_ratio, _ = cache.process_trace(reader)
    seconds = time.perf_counter() - started
    return os.path.getsize(path) / 24 / seconds / 1e6, cache.get_n_obj(), 1 - miss_ratio


def get(requests, capacity):
    """Millions of requests a second, one call each."""
    cache = lcs.LRU(cache_size=capacity)
    started = time.perf_counter()
    for request in requests:
        cache.get(request)
    return len(requests) / (time.perf_counter() - started) / 1e6


def compare(size, rounds, folder):
    """Prints all rounds of one size of the benchmark."""
    path = os.path.join(folder, f"{size}.oracleGeneral.bin")
    capacity = int(bench("--write", size, path).split()[1])
    with open(path, "rb") as file:
        records = struct.iter_unpack("<IQIq", file.read(GETS * 24))
        requests = [lcs.Request(obj_id=key, obj_size=1) for _, key, _, _ in records]
        while file.read(1 << 24):
            pass
    best = {}
    for _ in range(rounds):
        figures = {
            "sessionsim": ours(size),
            "process_trace": process_trace(path, capacity, 24),
            "process_trace, hashpower 18": process_trace(path, capacity, 18),
            "get": (get(requests, capacity),),
        }
        print(size, {name: round(figure[0], 2) for name, figure in figures.items()})
        for name, figure in figures.items():
            best[name] = max(best.get(name, figure), figure)
    print(f"{size}, best of {rounds}, M requests/s:")
    for name, (speed, *rest) in best.items():
        ratio = best["sessionsim"][0] / speed
        print(f"  {name}: {speed:.2f}, ratio {ratio:.2f}", *rest)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        for size in ("small", "roomy", "large"):
            compare(size, rounds, folder)


main()
