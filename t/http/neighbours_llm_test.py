#!/usr/bin/python3
"""
Proves what other modules do in the location of the LLM, as the documentation
says: whether filters see answers is decided by the order of loading, nginx's
own never do; access is not asked about, rewriting is; a Lua, njs or echo
handler may be the LLM; and an answer comes through gzip, whatever is on.
"""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import Harness, Tap, get, points, review
from neighbours import load_all, missing

LLM = "proxy_pass http://llm/v1/chat/completions;"

JS = """
function fail(r, data, flags) {
    r.sendBuffer(data.replace(/pass/g, 'fail'), flags);
}
function answer(r) {
    var text = JSON.stringify({verdict: 'fail', reason: 'no', quote: ''});
    r.return(200, JSON.stringify({choices: [
        {index: 0, finish_reason: 'stop', message: {content: text}}]}));
}
function team(r) { return 'js'; }
export default { fail, answer, team };
"""

LUA_LLM = r"""
    content_by_lua_block {
        local parts = { [[{\"verdict\":\"fa]], [[il\",\"reason\":\"no\",]],
                        [[\"quote\":\"\"}]] }
        ngx.header["Content-Type"] = "text/event-stream"
        for i, part in ipairs(parts) do
            ngx.print([[data: {"choices":[{"index":0,"delta":{"content":"]],
                      part, [["}}]}]], "\n\n")
            ngx.flush(true)
        end
        ngx.print([[data: {"choices":[{"index":0,"delta":{},]],
                  [["finish_reason":"stop"}]}]], "\n\ndata: [DONE]\n\n")
    }
"""

ECHO_LLM = r"""
    echo '{"choices":[{"index":0,"finish_reason":"stop","message":{"content":
           "{\\"verdict\\":\\"fail\\",\\"reason\\":\\"no\\"}"}}]}';
"""


class Place:
    """what is told the location of an LLM; the module it takes"""

    def __init__(self, name, conf, module=None, script="json", llm=LLM):
        self.name = name
        self.conf = conf
        self.module = module
        self.script = script
        self.llm = llm


# they make of a "pass" a "fail", if they see it

FILTERS = [
    Place("lua", """body_filter_by_lua_block {
              ngx.arg[1] = string.gsub(ngx.arg[1], "pass", "fail")
          }""", "ngx_http_lua"),
    Place("js", "js_body_filter main.fail;", "ngx_http_js"),
    Place("subs", "subs_filter pass fail; subs_filter_types *;",
          "ngx_http_subs_filter"),
]

# nginx's own; what they would make of an answer nobody could read

OWN = [
    Place("sub", "sub_filter pass fail; sub_filter_types *;",
          "with-http_sub_module"),
    Place("addition", "add_after_body /nowhere; addition_types *;",
          "with-http_addition_module"),
    Place("gzip", "gzip on; gzip_types *; gzip_min_length 1;"),
    Place("gunzip", "gunzip on;", "with-http_gunzip_module", "json gzip"),
    Place("gunzip, events", "gunzip on;", "with-http_gunzip_module", "gzip"),
    Place("no gunzip", "", None, "gzip"),
    Place("ssi", "ssi on; ssi_types *;"),
    Place("brotli", "brotli on; brotli_types *; brotli_min_length 1;",
          "ngx_http_brotli_filter"),
]

# nobody is asked, since a call is a subrequest

ACCESS = [
    Place("deny", "deny all;"),
    Place("auth_basic", "auth_basic x; auth_basic_user_file /dev/null;"),
    Place("auth_request", "auth_request /no;",
          "with-http_auth_request_module"),
    Place("access_by_lua", "access_by_lua_block { ngx.exit(403) }",
          "ngx_http_lua"),
    Place("mirror", "mirror /mirrored;"),
]

# they set a header that the LLM gets

REWRITE = [
    Place("set", "set $team a; proxy_set_header X-Team $team;"),
    Place("rewrite_by_lua", """rewrite_by_lua_block {
              ngx.req.set_header("X-Team", "a")
          }""", "ngx_http_lua"),
    Place("set_by_lua", """set_by_lua_block $team { return "a" }
          proxy_set_header X-Team $team;""", "ngx_http_lua"),
    Place("js_set", "proxy_set_header X-Team $by_js;", "ngx_http_js"),
    Place("more_set_input_headers", "more_set_input_headers 'X-Team: a';",
          "ngx_http_headers_more_filter"),
]

# they are the LLM

HANDLERS = [
    Place("content_by_lua", "", "ngx_http_lua", "ok", LUA_LLM),
    Place("js_content", "", "ngx_http_js", "ok", "js_content main.answer;"),
    Place("echo", "", "ngx_http_echo", "ok", ECHO_LLM),
]

LOCATIONS = """
    location = "/review/%(name)s" {
        review;
        review_llm "/llm/%(name)s" model=stand-in;
    }
    location = "/llm/%(name)s" {
        internal;
        %(conf)s
        %(llm)s
    }
"""

SERVER = """
    location = /no { internal; return 403; }
    location = /mirrored {
        internal;
        proxy_pass http://llm/v1/chat/completions?do=key%%3Dmirrored;
    }
%s
"""


class Nginx(Harness):
    def __init__(self, ours_first, places):
        self.places = places
        super().__init__(main=load_all(ours_first), module="static")

    def configure(self, **_):
        http = "review_llm /llm model=stand-in; review_retry tries=1;"
        if not missing("ngx_http_js"):
            http += "js_path %s; js_import main from main.js;" % self.dir
            http += "js_set $by_js main.team;"
            with open(os.path.join(self.dir, "main.js"), "w") as f:
                f.write(JS)
        super().configure(http=http, server=SERVER % "".join(
            LOCATIONS % vars(place) for place in self.places))


async def result_of(nginx, place):
    path = "/review/" + place.name.replace(" ", "%20")
    reply = await review(nginx.port, "标书", points([place.script]), path)
    return reply["results"][0] if reply else {}


def verdict(result):
    return result.get("finding", {}).get("verdict")


async def places(nginx, ours_first):
    order = "ours first" if ours_first else "ours last"
    there = [place.name for place in nginx.places]

    for place in FILTERS + OWN + ACCESS + REWRITE + HANDLERS:
        if place.name not in there:
            Tap.ok(True, "%s # skip there is no %s here"
                   % (place.name, " ".join(missing(place.module))))
            continue
        result = await result_of(nginx, place)
        expected = "pass"
        if place in HANDLERS or place in FILTERS and ours_first:
            expected = "fail"
        Tap.ok(verdict(result) == expected, "%s, %s: %s"
               % (place.name, order, expected), result)

        if place in REWRITE:
            call = json.loads(await get(nginx.llm_port, "/_calls"))[-1]
            team = [value for name, value in call["headers"]
                    if name.lower() == "x-team"]
            Tap.ok(team in (["a"], ["js"]), "%s, %s: it is sent"
                   % (place.name, order), team)

    calls = json.loads(await get(nginx.llm_port, "/_calls?key=mirrored"))
    Tap.ok(not calls, "%s: nothing is mirrored" % order, calls)


def run(ours_first):
    nginx = Nginx(ours_first, [
        place for place in FILTERS + OWN + ACCESS + REWRITE + HANDLERS
        if not missing(place.module)])
    try:
        asyncio.run(places(nginx, ours_first))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


for first in True, False:
    run(first)

Tap.end()
