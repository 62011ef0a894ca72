"""
The review as an asynchronous service: FastAPI and aiohttp's client.

    /usr/bin/python3 -m uvicorn --app-dir t/bench/peers aiohttp_service:app \
        --loop uvloop --http httptools --workers 1 --no-access-log --port N

Settings: see bench_review.py.
"""

import asyncio
import time

import aiohttp

from bench_review import (
    HEADERS, LLM_URL, TIMEOUT, CallError, ReviewRequest, make_app, make_calls,
    make_reply)

app = make_app()


@app.on_event("startup")
async def open_session():
    app.state.session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        headers=HEADERS)


@app.on_event("shutdown")
async def close_session():
    await app.state.session.close()


async def post(body):
    try:
        async with app.state.session.post(LLM_URL, data=body) as response:
            return response.status, await response.read()
    except asyncio.TimeoutError:
        raise CallError("call_timeout", "no answer in time") from None
    except aiohttp.ClientError as error:
        raise CallError("connect", str(error)) from None


async def ask(call):
    for pause in call.pauses():
        if pause:
            await asyncio.sleep(pause)
        try:
            call.read(*await post(call.body))
        except CallError as error:
            call.error = error
    return call.result()


@app.post("/v1/review")
async def review(request: ReviewRequest):
    started = time.monotonic()
    calls = make_calls(request, started)
    results = await asyncio.gather(*map(ask, calls))
    return make_reply(request, calls, results, started)
