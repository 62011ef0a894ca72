"""
Other modules, packaged or nginx's own, as neighbours of ours: what they are
told to do in a location, and what comes of a reply there.  An nginx with all
of them loaded, before or after ours.
"""

import json
import os
import re
import subprocess

from bucket import Bucket
from harness import Harness, ROOT, points
from origin import Origin
from piecewise import brotli

BINARY = os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx"
OURS = os.environ.get("REVIEW_MODULE") or os.path.join(
    ROOT, "build", "ngx_http_review_module.so")

# in the order in which they depend on each other

PACKAGED = ["ndk_http", "ngx_http_lua", "ngx_http_js", "ngx_http_echo",
            "ngx_http_headers_more_filter", "ngx_http_brotli_filter",
            "ngx_http_subs_filter"]

JS = """
function pass(r, data, flags) { r.sendBuffer(data, flags); }
function swap(r, data, flags) {
    var i, swapped = Buffer.from(data);
    for (i = 0; i < swapped.length; i++) {
        if (swapped[i] == 44) { swapped[i] = 124; }
    }
    r.sendBuffer(swapped, flags);
}
function mark(r) { r.headersOut['X-Mark'] = 'yes'; }
function cleared(r) {
    delete r.headersOut['Content-Length'];
    r.headersOut['X-Mark'] = 'yes';
}
export default { pass, swap, mark, cleared };
"""


def same(body):
    return body


def swapped(body):
    return body.replace(b",", b"|")


def between(body):
    return b"before\n" + body + b"after\n"


def little(body):
    """in a charset of ASCII and a single character"""
    return b"\x80".join(part.encode("ascii", "xmlcharrefreplace")
                        for part in body.decode().split("报"))


class Neighbour:
    """what it is told in a location, and what it makes of a body"""

    def __init__(self, name, conf, module=None, change=same, live=True,
                 headers=None, mark=False, coding=None, errors=True):
        self.name = name
        self.conf = conf
        self.module = module
        self.change = change
        self.live = live                # or has it a right to keep all back?
        self.headers = headers or {}
        self.mark = mark                # it sets X-Mark
        self.coding = coding
        self.errors = errors            # or does it leave errors alone?

    @property
    def before(self):
        """does it see bodies before ours, if ours is loaded first?"""
        return (self.module or "").startswith("ngx_") \
            and self.name != "brotli"


PLAIN = Neighbour("plain", "")

NEIGHBOURS = [
    Neighbour("lua", """
        body_filter_by_lua_block {
            if ngx.arg[2] then ngx.shared.seen:incr("ends", 1, 0) end
            if #ngx.arg[1] > 0 then ngx.shared.seen:incr("pieces", 1, 0) end
        }
        header_filter_by_lua_block { ngx.header["X-Mark"] = "yes" }
        """, "ngx_http_lua", mark=True),
    Neighbour("lua-swap", """
        header_filter_by_lua_block { ngx.header.content_length = nil }
        body_filter_by_lua_block {
            ngx.arg[1] = string.gsub(ngx.arg[1], ",", "|")
        }
        """, "ngx_http_lua", swapped),
    Neighbour("lua-collect", """
        header_filter_by_lua_block { ngx.header.content_length = nil }
        body_filter_by_lua_block {
            ngx.ctx.all = (ngx.ctx.all or "") .. ngx.arg[1]
            ngx.arg[1] = nil
            if ngx.arg[2] then
                ngx.arg[1] = string.gsub(ngx.ctx.all, ",", "|")
            end
        }
        """, "ngx_http_lua", swapped, live=False),
    Neighbour("js", """
        js_header_filter main.mark;
        js_body_filter main.pass buffer_type=buffer;
        """, "ngx_http_js", mark=True),
    Neighbour("js-swap", """
        js_header_filter main.cleared;
        js_body_filter main.swap buffer_type=buffer;
        """, "ngx_http_js", swapped, mark=True),
    Neighbour("echo", """
        echo_before_body before;
        echo_after_body after;
        """, "ngx_http_echo", between),
    Neighbour("echo-after", "echo_after_body after;", "ngx_http_echo",
              lambda body: body + b"after\n"),
    Neighbour("headers-more", """
        more_set_headers 'X-Mark: yes';
        more_clear_headers Cache-Control;
        """, "ngx_http_headers_more_filter", mark=True),
    Neighbour("brotli", "brotli on; brotli_types *; brotli_min_length 1;",
              "ngx_http_brotli_filter", headers={"Accept_Encoding": "br"},
              coding="br"),
    Neighbour("subs", "subs_filter , |; subs_filter_types *;",
              "ngx_http_subs_filter", swapped),
    Neighbour("gzip", "gzip on; gzip_types *; gzip_min_length 1;",
              headers={"Accept_Encoding": "gzip"}, coding="gzip"),
    Neighbour("sub", "sub_filter , |; sub_filter_types *; sub_filter_once off;",
              "with-http_sub_module", swapped),
    Neighbour("addition", """
        add_before_body /before;
        add_after_body /after;
        addition_types *;
        """, "with-http_addition_module", between, errors=False),
    Neighbour("charset", """
        source_charset utf-8;
        charset little;
        override_charset on;
        charset_types *;
        """, change=little),
    Neighbour("ssi", "ssi on; ssi_types *;"),
    Neighbour("auth-request", "auth_request /auth;",
              "with-http_auth_request_module"),
    Neighbour("mirror", "mirror /mirror;"),
    Neighbour("all", """
        header_filter_by_lua_block { ngx.header["X-Mark"] = "yes" }
        body_filter_by_lua_block { ngx.ctx.n = (ngx.ctx.n or 0) + 1 }
        js_body_filter main.pass buffer_type=buffer;
        echo_after_body after;
        gzip on; gzip_types *; gzip_min_length 1;
        """, "ngx_http_lua ngx_http_js ngx_http_echo",
        lambda body: body + b"after\n",
        headers={"Accept_Encoding": "gzip"}, mark=True, coding="gzip"),
    # subs_filter keeps from gzip where it has to flush
    Neighbour("subs-gzip", """
        subs_filter , |; subs_filter_types *;
        gzip on; gzip_types *; gzip_min_length 1;
        """, "ngx_http_subs_filter", swapped, live=False,
        headers={"Accept_Encoding": "gzip"}, coding="gzip"),
    Neighbour("sub-gzip", """
        sub_filter , |; sub_filter_types *; sub_filter_once off;
        gzip on; gzip_types *; gzip_min_length 1;
        """, "with-http_sub_module", swapped,
        headers={"Accept_Encoding": "gzip"}, coding="gzip"),
]

HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings;
    review_ping 20ms;
    review_rubric two %(dir)s/two.json;
    review_zone idle 1m;
    review_fetch_allow 127.0.0.1;
    review_store bids {
        endpoint http://127.0.0.1:%(bucket)d;
        bucket bids;
        access_key test:tester;
        secret_key testing;
    }
    charset_map little utf-8 { 80 E68AA5; }
    %(http)s
"""

SERVER = """
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(port)d/plain/review;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings?do=dim%%3D4;
        }
        location = /before { internal; return 200 "before\\n"; }
        location = /after { internal; return 200 "after\\n"; }
        location = /auth { internal; return 204; }
        location = /mirror { internal; return 204; }
%(locations)s
"""

LOCATIONS = """
        location = /%(name)s/review { review; %(conf)s }
        location = /%(name)s/task {
            review_task two;
            review_chunk_uri /chunk calls=1;
            %(conf)s
        }
        location = /%(name)s/split { review_split max_chars=30; %(conf)s }
        location = /%(name)s/embed { review_embed; %(conf)s }
        location = /%(name)s/rank { review_rank; %(conf)s }
        location = /%(name)s/fetch { review_fetch; %(conf)s }
        location = /%(name)s/status { review_status idle; %(conf)s }
        location /%(name)s/object/ { review_object bids; %(conf)s }
        location = /%(name)s/denied { review; deny all; %(conf)s }
"""


def built_with():
    """what nginx was configured with, and where its modules are"""
    text = subprocess.run([BINARY, "-V"], capture_output=True, text=True,
                          check=True).stderr
    found = re.search(r"--modules-path=(\S+)", text)
    return text, found.group(1) if found else ""


def missing(module):
    """what of these modules this nginx, or Python for it, does not have"""
    text, folder = built_with()
    if module == "ngx_http_brotli_filter" and brotli is None:
        return ["Python's brotli"]
    return [name for name in (module or "").split()
            if "--" + name not in text
            and (OURS == "static" or not os.path.exists(
                os.path.join(folder, name + "_module.so")))]


def load_all(ours_first):
    """the lines that load all there are"""
    folder = built_with()[1]
    lines = ["load_module %s/%s_module.so;" % (folder, name)
             for name in PACKAGED if not missing(name)]
    if OURS != "static":
        lines.insert(0 if ours_first else len(lines),
                     "load_module %s;" % os.path.abspath(OURS))
    return "\n".join(lines)


class Nginx(Harness):
    """with locations for each of the neighbours, beside the plain ones"""

    def __init__(self, ours_first, neighbours, server="", http=""):
        self.bucket = Bucket()
        self.origin = Origin()
        self.plan = neighbours, server, http
        super().__init__(main=load_all(ours_first), module="static",
                         listen="sndbuf=64k")

    def configure(self, **settings):
        super().configure(**settings or self.locations())

    def locations(self):
        neighbours, server, http = self.plan
        if not missing("ngx_http_lua"):
            http += "lua_shared_dict seen 64k;"
            server += """
                location = /seen { content_by_lua_block {
                    local seen = ngx.shared.seen
                    ngx.print(seen:get("ends") or 0, " ",
                              seen:get("pieces") or 0)
                    seen:flush_all()
                } }
            """
        if not missing("ngx_http_js"):
            http += "js_path %s; js_import main from main.js;" % self.dir
            self.file("main.js", JS)
        self.file("two.json", json.dumps({"name": "two", "points": points(
            ["ok", "ok|gate=open"])}))
        locations = "".join(LOCATIONS % vars(n) for n in [PLAIN] + neighbours)
        return {"http": HTTP % {"dir": self.dir, "bucket": self.bucket.port,
                                "http": http},
                "server": SERVER % {"port": self.port,
                                    "locations": locations} + server}

    def file(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
            f.write(text)

    def close(self):
        bad = super().close()
        self.bucket.close()
        self.origin.close()
        return bad
