"""
Batches of embeddings as an asynchronous service: FastAPI and aiohttp's client.

    /usr/bin/python3 -m uvicorn --app-dir t/bench/peers embed_service:app \
        --loop uvloop --http httptools --workers 1 --no-access-log --port N

EMBEDDINGS_URL tells where the batches are sent to.  32 inputs make a batch,
and four of them are under way for a request, as with the module.
"""

import asyncio
import json
import os
from typing import List

import aiohttp
from fastapi import FastAPI, Response
from pydantic import BaseModel

BATCH = 32
CALLS = 4
URL = os.environ["EMBEDDINGS_URL"]

app = FastAPI()


class EmbedRequest(BaseModel):
    model: str
    input: List[str]
    encoding_format: str = "float"


@app.on_event("startup")
async def open_session():
    app.state.session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        headers={"Content-Type": "application/json"})


@app.on_event("shutdown")
async def close_session():
    await app.state.session.close()


async def ask(request, batch, turn):
    body = json.dumps({"model": request.model, "input": batch,
                       "encoding_format": request.encoding_format})
    async with turn, app.state.session.post(URL, data=body) as response:
        response.raise_for_status()
        answer = json.loads(await response.read())
    if len(answer["data"]) != len(batch):
        raise ValueError("%d vectors for %d inputs"
                         % (len(answer["data"]), len(batch)))
    return answer


def in_order(answers):
    vectors = [item["embedding"] for answer in answers for item
               in sorted(answer["data"], key=lambda item: item["index"])]
    return [{"object": "embedding", "index": i, "embedding": vector}
            for i, vector in enumerate(vectors)]


@app.post("/v1/embeddings")
async def embeddings(request: EmbedRequest):
    turn = asyncio.Semaphore(CALLS)
    answers = await asyncio.gather(*(
        ask(request, request.input[i:i + BATCH], turn)
        for i in range(0, len(request.input), BATCH)))
    tokens = sum(answer["usage"]["prompt_tokens"] for answer in answers)
    return Response(json.dumps({
        "object": "list", "data": in_order(answers), "model": request.model,
        "status": "complete",
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}},
        separators=(",", ":")), media_type="application/json")
