"""A small HTTP/1.1 client over asyncio: light, so that on one machine the server is measured."""

import asyncio
import json


class Connection:
    """One kept-alive connection, opened again when it breaks."""

    def __init__(self, host, port):
        self.host, self.port = host, port
        self.reader = self.writer = None

    async def open(self):
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def post(self, path, body, media_type="application/json"):
        """Status and body of the answer."""
        await self.send(path, body, media_type)
        return await self.read()

    async def send(self, path, body, media_type="application/json"):
        await self.open()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-type: {media_type}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return status, body


def question(lyrics):
    return json.dumps({"lyrics": lyrics, "all": True}).encode()


def scores(body):
    """Label to score, of an answer with `all`."""
    return {label["label"]: label["score"] for label in json.loads(body)["labels"]}
