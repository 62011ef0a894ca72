#!/usr/bin/python3
"""
Proves that long replies, which are made while they are sent, stay right and
bounded beside other modules: a split in many windows of lines is whole, each
window is kept until the filters are done with it, and a client that does not
read is not made more for.  And that a reply whose beginning waits for another
module's subrequest comes once that is done.
"""

import json
import os
import sys
import urllib.request

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import SLOW, Tap, points, wait_for
from neighbours import (NEIGHBOURS, PLAIN, Neighbour, Nginx, between, missing,
                        swapped)
from piecewise import Reply, write

BOUND = 20 * SLOW
EVENTS = "text/event-stream"
TEXT = "投标有效期, 九十日。\n\n".encode() * 14000
WINDOWS = 6             # of what is made of it, at least
UNREAD = 3              # and may be made for a client that does not read

COUNT = """
    body_filter_by_lua_block {
        if #ngx.arg[1] > 0 then
            ngx.shared.seen:incr(ngx.var.arg_count or "pieces", 1, 0)
        end
    }
"""

COUNTED = [
    Neighbour("count", COUNT, "ngx_http_lua"),
    Neighbour("count-js", COUNT + """
        js_header_filter main.cleared;
        js_body_filter main.swap buffer_type=buffer;
        """, "ngx_http_lua ngx_http_js", swapped),
    Neighbour("count-subs", COUNT + """
        subs_filter , |; subs_filter_types *;
        """, "ngx_http_lua ngx_http_subs_filter", swapped),
    Neighbour("count-echo", COUNT + """
        echo_before_body before; echo_after_body after;
        """, "ngx_http_lua ngx_http_echo", between),
    Neighbour("count-sub", COUNT + """
        sub_filter , |; sub_filter_types *; sub_filter_once off;
        """, "ngx_http_lua with-http_sub_module", swapped),
    Neighbour("count-addition", COUNT + """
        add_before_body /before; add_after_body /after; addition_types *;
        """, "ngx_http_lua with-http_addition_module", between),
]

# no ping comes to help

SLOWLY = Neighbour("slowly", """
    add_before_body /slowly; addition_types *;
    review_ping 1h;
    """, "with-http_addition_module")

SERVER = """
    location = /slowly {
        internal;
        proxy_pass http://llm/v1/embeddings?do=gate%3Dbefore;
        proxy_method POST;
        proxy_set_body '{"input":"before"}';
    }
"""

COUNTER = """
    location = /count { content_by_lua_block {
        ngx.print(ngx.shared.seen:get("unread") or 0)
    } }
"""


def split(neighbour, args=""):
    return write("POST", "/%s/split?max_chars=12%s" % (neighbour.name, args),
                 TEXT, Accept="application/x-ndjson",
                 Content_Type="text/plain", **neighbour.headers)


def whole(nginx, neighbour):
    reply = Reply(nginx.port, split(neighbour))
    ended = reply.wait(BOUND)
    reply.close()
    status, _, body, complete = reply.parts()
    return body if ended and complete and status == 200 else None


def count(nginx):
    with urllib.request.urlopen("http://127.0.0.1:%d/count" % nginx.port,
                                timeout=BOUND) as f:
        return int(f.read())


def windows(nginx, order, there):
    plain = whole(nginx, PLAIN)
    chunks = [json.loads(line) for line in (plain or b"").splitlines()]
    Tap.ok(b"".join(chunk["text"].encode() for chunk in chunks) == TEXT
           and len(plain) > WINDOWS * 512 * 1024,
           "%s: many windows make the text" % order, plain and len(plain))
    for n in there:
        body = whole(nginx, n)
        Tap.ok(body is not None and body == n.change(plain),
               "%s, %s: all windows are right" % (n.name, order),
               body and len(body))
    return plain


def unread(nginx, order, plain, there):
    for n in there:
        urllib.request.urlopen("http://127.0.0.1:%d/seen" % nginx.port).close()
        reply = Reply(nginx.port, split(n, "&count=unread"), 4096,
                      begin=False)
        made = [wait_for(lambda: count(nginx) > 0, 20)]
        # as long as others get all of theirs, it could have been made, too
        for _ in range(2):
            whole(nginx, n)
            made.append(count(nginx))
        Tap.ok(made[0] and made[-1] <= UNREAD,
               "%s, %s: what nobody reads is not made" % (n.name, order),
               made)
        reply.begin()
        ended = reply.wait(BOUND)
        reply.close()
        _, _, body, complete = reply.parts()
        Tap.ok(ended and complete and body == n.change(plain),
               "%s, %s: and then it is" % (n.name, order), len(body))
        Tap.ok(count(nginx) >= WINDOWS, "%s, %s: in many pieces"
               % (n.name, order), count(nginx))


def slowly(nginx, order):
    reply = ask_slowly(nginx, ["gate=open"])
    opens(nginx, "before")
    Tap.ok(reply.until(lambda r: b"embedding" in r.body, BOUND),
           "%s: what is added before comes at once" % order, reply.body)
    opens(nginx, "open")
    Tap.ok(reply.wait(BOUND) and b"event: done" in reply.body
           and reply.parts()[3], "%s: then all the rest" % order, reply.body)
    reply.close()

    reply = ask_slowly(nginx, ["ok", "gate=open"])
    Tap.ok(b'"p0"' not in reply.body,
           "%s: nothing comes before what is added before it" % order)
    opens(nginx, "before")
    Tap.ok(reply.until(lambda r: b'"p0"' in r.body, BOUND),
           "%s: then what there is comes" % order, reply.body)
    opens(nginx, "open")
    Tap.ok(reply.wait(BOUND) and b"event: done" in reply.body
           and reply.parts()[3], "%s: and the rest" % order, reply.body)
    reply.close()


def ask_slowly(nginx, scripts):
    """events of points; all calls have come"""
    stand_in(nginx, "/_reset")
    reply = Reply(nginx.port, write("POST", "/slowly/review", {
        "chunk": "标书", "points": points(scripts)}, Accept=EVENTS))
    stand_in(nginx, "/_wait?calls=%d&timeout=%d"
             % (len(scripts) + 1, 1000 * BOUND))
    return reply


def opens(nginx, gate):
    stand_in(nginx, "/_open?gate=" + gate)


def stand_in(nginx, path):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (
        nginx.llm_port, path), method="POST")
    urllib.request.urlopen(request, timeout=BOUND).close()


def run(ours_first):
    order = "ours first" if ours_first else "ours last"
    everybody = NEIGHBOURS + COUNTED + [SLOWLY]
    there = [n for n in everybody if not missing(n.module)]
    for n in everybody:
        if n not in there:
            Tap.ok(True, "%s, %s # skip there is no %s here"
                   % (n.name, order, " ".join(missing(n.module))))
    nginx = Nginx(ours_first, there, SERVER
                  + ("" if missing("ngx_http_lua") else COUNTER))
    try:
        plain = windows(nginx, order, [n for n in there if n in NEIGHBOURS])
        unread(nginx, order, plain, [n for n in there if n in COUNTED])
        if SLOWLY in there:
            slowly(nginx, order)
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


for first in True, False:
    run(first)

Tap.end()
