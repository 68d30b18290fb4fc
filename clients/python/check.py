"""Plays a day with two companies through crosstalk.py, against the server of `crosstalk demo`.

    python check.py ws://127.0.0.1:7600 demo-data/tokens ../../protocol/schema

Every frame of the server is checked against the JSON Schemas, and every list for holes.
"""

import asyncio
import json
import pathlib
import sys
import uuid

from crosstalk import Client, Ended, Refused, uuid7
from jsonschema import Draft202012Validator

URL, TOKENS, SCHEMAS = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
VALIDATORS = {
    side: Draft202012Validator(json.loads((SCHEMAS / f"{side}.json").read_text()))
    for side in ("answer", "push")
}
SEEN = set()


def told(frame):
    side = "push" if "id" not in frame and frame["type"] != "refused" else "answer"
    VALIDATORS[side].validate(frame)
    SEEN.add(frame["type"])


def client(name, way):
    return Client(URL, lambda: (TOKENS / f"{name}.token").read_text().strip(), way, told)


async def until(what, condition):
    for _ in range(600):
        if condition():
            return print(f"ok  {what}")
        await asyncio.sleep(0.05)
    raise AssertionError(what)


async def refused(what, code, asking):
    try:
        await asking
    except Refused as no:
        assert no.code == code, (what, no)
        return print(f"ok  {what}: {no}")
    raise AssertionError(f"{what}: it was allowed")


def whole(one):
    """Every place is an entry or was passed, from the first one to the last."""
    for room in one.rooms.values():
        places = set(room.entries) | {p for a, b in room.passed for p in range(a, b + 1)}
        assert places == set(range(min(places), room.last + 1)) if places else True, room.room


async def day():
    yuki, emma, lars = client("yuki", "hello"), client("emma", "header"), client("lars", "subprotocol")
    people = (yuki, emma, lars)
    running = [asyncio.create_task(one.run()) for one in people]
    await until("three people sign in, each in another way", lambda: all(p.rooms for p in people))

    made = await yuki.do("create_from_contacts", name="From Python 🐍", members=[emma.me, lars.me])
    group = made["room"]
    has = lambda one, text: group in one.rooms and text in one.rooms[group].texts().values()
    operation = uuid7()
    said = dict(room=group, operation=operation, text="Hello 世界")
    first = await yuki.ask("send", **said)
    assert await yuki.ask("send", **said) == first, "sent twice, it is there once"
    await refused("the id for something else", "different_content", yuki.ask("send", **said | {"text": "x"}))
    await until("both get it", lambda: has(emma, "Hello 世界") and has(lars, "Hello 世界"))

    wrong = (await yuki.do("send", room=group, text="oops"))["seq"]
    await yuki.do("unsend", room=group, target=wrong)
    await yuki.do("edit", room=group, target=first["seq"], text="Hello again")
    await emma.do("react", room=group, target=first["seq"], emoji="👍", on=True)
    await yuki.do("pin", room=group, target=first["seq"], on=True)
    await emma.ask("read", room=group, seq=first["seq"])
    await emma.ask("typing", room=group)
    mine = lambda one: one.rooms[group]
    await until("edit, unsend, reaction and pin arrive", lambda: all(
        list(mine(one).texts().values()) == ["Hello again"] and mine(one).pins == {first["seq"]}
        and mine(one).reactions == {(first["seq"], emma.me, "👍")} for one in people))

    emma.socket.transport.abort()
    longest = "👋" * 10_000
    await yuki.do("send", room=group, text=longest)
    await until("after a lost connection nothing is missing", lambda: has(emma, longest))

    answer = await yuki.do("remove", room=group, users=[lars.me])
    assert answer["effective"]
    await until("who was removed wipes the group", lambda: group not in lars.rooms)
    await refused("to him there is none", "not_found", lars.ask("history", room=group))
    await refused("as there is none of this id", "not_found", lars.ask("history", room=str(uuid.uuid4())))
    await yuki.do("send", room=group, text="between us")
    await yuki.do("add", room=group, users=[lars.me])
    await yuki.do("send", room=group, text="Welcome back")
    await until("added again", lambda: has(lars, "Welcome back"))
    assert not has(lars, "between us")

    await yuki.do("settings", room=group, switches=[{"feature": "message", "on": False}])
    await refused("messages are off", "feature_off", emma.do("send", room=group, text="?"))
    await yuki.do("delete", room=group)
    await until("deleted for everyone", lambda: all(group not in one.rooms for one in people))

    for one in people:
        whole(one)
    twin = client("emma", "hello")
    twin.device = emma.device
    running.append(asyncio.create_task(twin.run()))
    await until("a device that connects again replaces itself", lambda: isinstance(emma.ended, Ended))
    await until("and is there", lambda: twin.rooms)
    for task in running:
        task.cancel()
    print("frames seen:", ", ".join(sorted(SEEN)))


asyncio.run(day())
