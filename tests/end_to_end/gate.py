# tests/end_to_end/gate.py - a loopback door before a server that can be shut, and that sees when markers were answered.
# SPDX-License-Identifier: Apache-2.0
"""What passes is not changed. While it is shut, connections are refused and those that stood are reset."""

import asyncio
import re
import socket
import struct
import threading
import time

MARKER = re.compile(rb"marker-(\d{6})-")
OVERLAP = 20  # of two reads, so that a marker that is cut between them is seen


class Gate:
    def __init__(self, host, port):
        self.far = (host, port)
        self.answered = {}  # marker number -> monotonic time of the first answer after it went by
        self.loop = asyncio.new_event_loop()
        self.writers, self.server = set(), None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.open()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def open(self):
        self.call(self._open())

    def shut(self):
        self.call(self._shut())

    async def _open(self):
        self.server = await asyncio.start_server(self._pass, "127.0.0.1", self.port, limit=1 << 20)

    async def _shut(self):
        self.server.close()
        for writer in list(self.writers):
            sock = writer.get_extra_info("socket")
            if sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def _pass(self, reader, writer):
        self.writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.far, limit=1 << 20)
        except OSError:
            self.writers.discard(writer)
            writer.close()
            return
        self.writers.add(far_writer)
        waiting = set()
        await asyncio.gather(self._upstream(reader, far_writer, waiting),
                             self._downstream(far_reader, writer, waiting))

    async def _upstream(self, reader, writer, waiting):
        tail = b""
        async for data in self._chunks(reader, writer):
            waiting.update(int(number) for number in MARKER.findall(tail + data))
            tail = data[-OVERLAP:]

    async def _downstream(self, reader, writer, waiting):
        async for _ in self._chunks(reader, writer):
            now = time.monotonic()
            while waiting:
                self.answered.setdefault(waiting.pop(), now)

    async def _chunks(self, reader, writer):
        """Passes on what comes, and yields it once it is passed on; ends when either side does."""
        try:
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
                yield data
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
