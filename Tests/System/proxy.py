"""A TCP proxy between a node and what it needs: cut, or silent without an end, as networks are for one node alone."""

import asyncio
import contextlib
import threading

PIECE_BYTES = 65536


class Proxy:
    """Passes bytes on to a port of this machine until it is told otherwise."""

    def __init__(self, target: int):
        self.target = target
        self.port = 0
        self._started = threading.Event()

    def __enter__(self) -> "Proxy":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy", daemon=True)
        self._thread.start()
        assert self._started.wait(10), "the proxy did not start"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def cut(self):
        """Every connection is reset, and new ones too."""
        self._tell(self._cut)

    def silence(self):
        """Connections stay and carry nothing any more, and new ones are accepted into nothing."""
        self._tell(self._passing.clear)

    def mend(self):
        """As at first. What came meanwhile is passed on late."""
        self._tell(self._mend)

    def _tell(self, change):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (change(), done.set()))
        assert done.wait(5), "the proxy does not answer"

    # On the proxy's own loop

    def _cut(self):
        self._refusing = True
        for writer in list(self._writers):
            writer.transport.abort()

    def _mend(self):
        self._refusing = False
        self._passing.set()

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        self._cut()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        if self._refusing:
            return writer.transport.abort()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return writer.transport.abort()
        both = {writer, there_writer}
        self._writers |= both
        try:
            ways = [self._carry(reader, there_writer), self._carry(there_reader, writer)]
            _, pending = await asyncio.wait(map(asyncio.create_task, ways), return_when=asyncio.FIRST_COMPLETED)
            for each in pending:
                each.cancel()
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        with contextlib.suppress(OSError):
            while data := await reader.read(PIECE_BYTES):
                await self._passing.wait()
                writer.write(data)
                await writer.drain()
