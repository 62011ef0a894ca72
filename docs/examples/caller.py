#!/usr/bin/python3
"""
Reviews a document chunk by chunk, eighty at a time: it is split by
"review_split", each chunk goes to "review", and what failed is told apart from
what was found.  One call to "review_task" does the same; this is for those who
have a place of their own for each chunk's result, or a progress bar.

    caller.py http://127.0.0.1:8080 bid.md RUBRIC
"""

import asyncio
import sys

import aiohttp

CONCURRENCY = 80        # reviews in flight; review_limit says how many calls
TRIES = 3


async def post(session, path, **body):
    async with session.post(path, json=body) as response:
        reply = await response.json(content_type=None)

    # 502 and 504 of a review have a reply: all of its points have failed

    if response.status != 200 and "results" not in reply:
        raise RuntimeError(f"{path}: {reply['status']} {reply['detail']}")
    return reply


async def review(session, slots, chunk, **what):
    """the reply, which accounts for every point; None if none could be had"""

    subject = {name: chunk[name] for name in ("id", "text", "heading")}
    for tries in range(TRIES):
        async with slots:
            try:
                return await post(session, "/v1/review", chunk=subject, **what)
            except (aiohttp.ClientError, asyncio.TimeoutError, ValueError):
                pass    # nginx restarts, or a proxy before it has a page of
                        # its own; calls that the LLM fails are none of these:
                        # the module itself tries them again
        await asyncio.sleep(2 ** tries / 10)
    return None


async def review_document(url, text, concurrency=CONCURRENCY, **what):
    """pairs of a chunk and its reply; what: "rubric", "points", ..."""

    slots = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession(
            url, connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=600)) as session:
        chunks = (await post(session, "/v1/split", text=text))["chunks"]
        replies = await asyncio.gather(*(
            review(session, slots, chunk, **what) for chunk in chunks))
    return list(zip(chunks, replies))


def show(chunk, reply):
    for result in reply["results"] if reply else []:
        where = f"{chunk['id']} {result['point']}"
        if result["status"] != "ok":
            print(f"{where}: {result['status']}: {result['error']['code']}")
            continue
        finding = result["finding"]
        print(f"{where}: {finding['verdict']}: {finding['reason']}")

        # offsets are those of the chunk's text, in code points; where a
        # table's header is repeated before the rows, it comes first

        header = chunk.get("table_header", {"start": 0, "end": 0})
        before = header["end"] - header["start"]
        for quote in finding["evidence"]:
            if quote["source"] == "chunk" and quote["start"] >= before:
                at = chunk["start"] + quote["start"] - before
                words = quote["quote"].replace("\n", " ")
                print(f"    {at}: {words}")


def main():
    url, path, rubric = sys.argv[1:4]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for chunk, reply in asyncio.run(review_document(url, text,
                                                    rubric=rubric)):
        show(chunk, reply)
        if reply is None:
            print(f"{chunk['id']}: no reply")


if __name__ == "__main__":
    main()
