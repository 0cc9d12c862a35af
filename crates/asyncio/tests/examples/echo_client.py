"""Drives an echo server with many connections that are all open at once.

usage: echo_client.py HOST PORT CONNECTIONS

Each connection sends messages of several sizes and compares what comes back.
"""

import asyncio
import resource
import sys

SIZES = [1, 100, 5_000]
BIG = 300_000  # More than the buffers on the way hold: both directions must flow at once.


async def converse(number, host, port, opened, all_open):
    reader, writer = await asyncio.open_connection(host, port)
    opened()
    await all_open.wait()
    sizes = SIZES + [BIG] if number % 100 == 0 else SIZES
    total = 0
    for size in sizes:
        message = bytes((number + i) % 251 for i in range(min(size, 997)))
        message = (message * (size // len(message) + 1))[:size]
        writer.write(message)
        echo, _ = await asyncio.gather(reader.readexactly(size), writer.drain())
        assert echo == message, f"connection {number}: another echo than was sent"
        total += size
    writer.write_eof()
    assert await reader.read() == b"", f"connection {number}: more than was sent"
    writer.close()
    await writer.wait_closed()
    return total


async def main(host, port, connections):
    left = connections
    all_open = asyncio.Event()

    def opened():
        nonlocal left
        left -= 1
        if left == 0:
            all_open.set()

    talks = [converse(n, host, port, opened, all_open) for n in range(connections)]
    total = sum(await asyncio.gather(*talks))
    print(f"{total} bytes on {connections} connections")


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
