"""A small client of crosstalk, written from docs/protocol.md and protocol/ alone.

It keeps a person's rooms as docs/protocol.md says in "A list without holes", deals with the inbox,
comes back by itself, and sends what was not answered again. Section numbers are those of that page.
"""

import asyncio
import json
import os
import random
import time
import uuid

import websockets

SUBPROTOCOL = "crosstalk.v1.json"


class Refused(Exception):
    """The rules say no (12): asking again gets the same answer."""

    def __init__(self, data):
        super().__init__(f"{data['code']}: {data['message']}")
        self.code, self.users = data["code"], data.get("users", [])


class Ended(Exception):
    """The connection is closed and must not be opened again unchanged (13)."""


def uuid7():
    """An id for a device or an operation (2)."""
    stamp, noise = time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")
    number = (stamp << 80 | noise) & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=number))


class Room:
    """What this device keeps of a room (4, 5, 6)."""

    def __init__(self, room):
        self.room, self.stint, self.at, self.last = room, None, None, None
        self.entries, self.passed, self.reactions, self.pins = {}, [], set(), set()

    def cursor(self):
        kept = {"room": self.room, "stint": self.stint, "at": self.at}
        return {key: value for key, value in kept.items() if value is not None}

    def place(self, kind, item):
        """Takes in an entry or a passed range; False where a place is missing before it."""
        first, through = (item["from"], item["through"]) if kind == "passed" else (item["seq"],) * 2
        if self.last is not None and through <= self.last:
            return True
        if self.last is not None and first > self.last + 1:
            return False
        if kind == "entry":
            self.entries[item["seq"]] = item
            self.fold(item)
        else:
            self.passed.append((first, through))
        self.last, self.at = through, item["at"]
        return True

    def fold(self, entry):
        change, content = entry["change"], entry.get("content", {})
        target = self.entries.get(change.get("target"))
        if target is None:
            return
        kind, seq = change["kind"], change["target"]
        if kind == "edited" and entry.get("version", 0) >= target.get("version", 0):
            if "text" in content:
                target["content"] = {"text": content["text"]}
            target["version"] = entry.get("version", 0)
        elif kind == "unsent":
            target.pop("content", None)
            self.pins.discard(seq)
            self.reactions = {one for one in self.reactions if one[0] != seq}
        elif kind == "reacted":
            one = (seq, entry["author"], content.get("emoji"))
            (self.reactions.add if change["on"] else self.reactions.discard)(one)
        elif kind == "pinned":
            (self.pins.add if change["on"] else self.pins.discard)(seq)

    def texts(self):
        """The messages that stand, by their places."""
        kept = sorted(self.entries.items())
        return {s: e["content"]["text"] for s, e in kept if e["change"]["kind"] == "posted" and "content" in e}


class Client:
    """A device of a person. `token` is called whenever a token is needed, `told` with every frame."""

    def __init__(self, url, token, way="hello", told=lambda frame: None, device=None):
        self.url, self.token, self.way, self.told = url, token, way, told
        self.device, self.inbox, self.rooms, self.me = device or uuid7(), None, {}, None
        self.waiting, self.next_id, self.socket = {}, 0, None
        self.ready, self.closing, self.ended, self.code = asyncio.Event(), None, None, None
        self.work = asyncio.Queue()

    async def run(self):
        """Connects, and comes back as long as that makes sense (13)."""
        attempt = 0
        while self.ended is None:
            self.closing = self.code = None
            try:
                await self.connect_once()
            except (OSError, websockets.WebSocketException):
                pass
            attempt = 0 if self.ready.is_set() else attempt + 1  # ready: a welcome had come
            self.ready.clear()
            if self.code is not None and 4500 <= self.code < 5000:
                self.ended = Ended(f"closed with {self.code}")
            lost, self.waiting = self.waiting, {}
            for future in lost.values():
                future.set_result(None)
            if self.ended is None:
                wait = random.uniform(0, min(60, 2**attempt))
                await asyncio.sleep(self.closing["after_ms"] / 1000 if self.closing else wait)
        self.ready.set()

    async def connect_once(self):
        protocols, headers, token = [SUBPROTOCOL], {}, self.token()
        if self.way == "header":
            headers["Authorization"] = f"Bearer {token}"
        elif self.way == "subprotocol":
            protocols.append(f"crosstalk.bearer.{token}")
        hello = {"device": self.device, "client": "crosstalk-python-example/1"}
        hello |= {"token": token} if self.way == "hello" else {}
        hello |= {"inbox": self.inbox} if self.inbox else {}
        options = {"subprotocols": protocols, "additional_headers": headers, "max_size": 65_536}
        async with websockets.connect(self.url + "/v1/connect", **options) as self.socket:
            await self.send("hello", hello)
            worker = asyncio.create_task(self.work_off())
            try:
                async for text in self.socket:
                    await self.take(json.loads(text))
            finally:
                worker.cancel()
                self.code = self.socket.close_code

    async def send(self, kind, data):
        """One request. Not escaped: 10,000 emoji fit into a frame of 64 KiB only as they are."""
        self.next_id += 1
        frame = {"id": self.next_id, "type": kind, "data": data}
        future = self.waiting[self.next_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps(frame, ensure_ascii=False))
        return future

    async def ask(self, kind, **data):
        """Asks until there is an answer, over any number of connections (8)."""
        while True:
            await self.ready.wait()
            if self.ended:
                raise self.ended
            try:
                answer = await (await self.send(kind, data))
            except websockets.ConnectionClosed:
                await asyncio.sleep(0.1)
                continue
            if answer and answer["type"] == "refused":
                raise Refused(answer["data"])
            if answer and answer["type"] != "failed":
                return answer["data"]
            if answer:
                await asyncio.sleep(answer["data"]["retry_after_ms"] / 1000)

    def do(self, kind, **data):
        """Asks for something that changes something: made once, however often it is sent."""
        return self.ask(kind, operation=uuid7(), **data)

    async def take(self, frame):
        """One frame of the server. What is unknown is ignored (2)."""
        self.told(frame)
        kind, data = frame["type"], frame["data"]
        if kind == "welcome":
            await self.welcome(data)
        elif "id" in frame:
            future = self.waiting.pop(frame["id"], None)
            if future:
                future.set_result(frame)
        elif kind == "refused":
            raise Ended(data["message"])  # a frame of ours could not be read
        elif kind == "caught_up":
            self.catch_up(data)
        elif kind in ("entry", "passed"):
            room = self.rooms.get(data["room"])
            if room and not room.place(kind, data):
                self.work.put_nowait(("resume", data["room"]))
        elif kind == "gone":
            self.rooms.pop(data["room"], None)
        elif kind == "unavailable":
            later = asyncio.get_running_loop().call_later
            later(1, self.work.put_nowait, ("resume", data["room"]))
        elif kind == "behind":
            self.work.put_nowait(("resume", data["room"]))
        elif kind == "notice":
            self.notice(data)
        elif kind == "expiring":
            self.work.put_nowait(("refresh", None))
        elif kind == "closing":
            self.closing = data

    async def welcome(self, data):
        self.me = data["user"]
        if data.get("wipe"):
            self.rooms, self.inbox = {}, None
        self.work = asyncio.Queue()
        for notice in data["notices"]:
            self.notice(notice)
        self.work.put_nowait(("list", None))
        self.ready.set()

    def catch_up(self, page):
        room = self.rooms.setdefault(page["room"], Room(page["room"]))
        if page.get("reset"):
            room = self.rooms[page["room"]] = Room(page["room"])
        for item in page["items"]:
            (kind, value), = item.items()
            room.place(kind, value)
            room.reactions = {one for one in room.reactions if one[0] != value.get("seq")}
        for one in page.get("reactions", []):
            room.reactions.add((one["target"], one["user"], one["emoji"]))
        room.stint, room.at = page["stint"], page["at"]
        if page["more"]:
            self.work.put_nowait(("resume", room.room))

    def notice(self, notice):
        about = notice["about"]
        if about["kind"] == "added":
            self.work.put_nowait(("resume", about["room"]))
        elif about["kind"] in ("removed", "deleted"):
            self.rooms.pop(about["room"], None)
        elif about["kind"] == "withdrawn":
            self.work.put_nowait(("list", None))
        self.work.put_nowait(("acknowledge", notice["inbox"]))

    async def work_off(self):
        """What has to be asked for, one after the other."""
        while True:
            await self.ready.wait()
            task, what = await self.work.get()
            if task == "resume":
                room = self.rooms.get(what, Room(what))
                await self.ask("resume", rooms=[room.cursor()])
            elif task == "list":
                await self.list_rooms()
            elif task == "acknowledge":
                await self.ask("acknowledge", inbox=what)
                self.inbox = what
            elif task == "refresh":
                await self.ask("refresh", token=self.token())

    async def list_rooms(self):
        """All my rooms are resumed, at most 100 at once, and those that I am in no more are wiped."""
        mine, page = [], {"rooms": [], "more": True}
        while page["more"]:
            page = await self.ask("rooms", limit=100, **({"after": mine[-1]} if mine else {}))
            mine += [one["room"] for one in page["rooms"]]
        self.rooms = {room: kept for room, kept in self.rooms.items() if room in mine}
        for start in range(0, len(mine), 100):
            cursors = [self.rooms.get(one, Room(one)).cursor() for one in mine[start : start + 100]]
            await self.ask("resume", rooms=cursors)
