"""
The review as a service of threads: FastAPI and requests.

    /usr/bin/python3 -m uvicorn --app-dir t/bench/peers requests_service:app \
        --loop uvloop --http httptools --workers N --no-access-log --port N

Settings: see bench_review.py; and THREADS, how many reviews a process makes
side by side (40, which is what FastAPI runs if nothing is said).
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import anyio.to_thread
import requests
from requests.adapters import HTTPAdapter

from bench_review import (
    HEADERS, LLM_URL, POINTS, TIMEOUT, CallError, ReviewRequest, make_app,
    make_calls, make_reply)

REVIEWS = int(os.environ.get("THREADS", "40"))
CALLS = REVIEWS * len(POINTS)       # no point waits for a thread

app = make_app()
executor = ThreadPoolExecutor(CALLS, thread_name_prefix="call")


def open_session():
    session = requests.Session()
    session.headers.update(HEADERS)
    session.trust_env = False       # neither proxies nor .netrc
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=CALLS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


session = open_session()


@app.on_event("startup")
async def limit_reviews():
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = REVIEWS


def post(body):
    try:
        response = session.post(LLM_URL, data=body, timeout=TIMEOUT)
        return response.status_code, response.content
    except requests.Timeout:
        raise CallError("call_timeout", "no answer in time") from None
    except requests.RequestException as error:
        raise CallError("connect", str(error)) from None


def ask(call):
    for pause in call.pauses():
        if pause:
            time.sleep(pause)
        try:
            call.read(*post(call.body))
        except CallError as error:
            call.error = error
    return call.result()


@app.post("/v1/review")
def review(request: ReviewRequest):
    started = time.monotonic()
    calls = make_calls(request, started)
    results = list(executor.map(ask, calls))
    return make_reply(request, calls, results, started)
