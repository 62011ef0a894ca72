#!/usr/bin/python3
"""
Proves that conf/extract, behind fcgiwrap and the location of conf/extract.conf,
makes UTF-8 text of PDF, Word and HTML, tells the pages of a PDF that have none,
says clearly what it can't convert, and leaves nothing behind; and that
review_split makes chunks of such documents, with the headings that stand in
them.

t/data/sample.docx is sample.md: pandoc -f gfm sample.md -o sample.docx
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import ROOT, SLOW, Tap, free_port, wait_for
from pdf import pdf

DATA = os.path.join(ROOT, "t", "data")
PDF = "application/pdf"
WORD = ("application/vnd.openxmlformats-officedocument"
        ".wordprocessingml.document")

TEXT = "application/vnd.review.text+json"

PROCESSES = 2

CONF = """
%(load)s
daemon off;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log info;
events { worker_connections 64; }
http {
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    access_log off;
    server {
        listen 127.0.0.1:%(port)d;
        client_max_body_size 10m;
%(location)s
        location = /split { review_split; review_extract /internal/extract; }
        location = /small/split {
            review_split max_chars=80;
            review_extract /internal/extract;
            client_body_buffer_size 1k;
        }
    }
}
"""


def data(name):
    with open(os.path.join(DATA, name), "rb") as f:
        return f.read()


class Extractor:
    """fcgiwrap with the script, and nginx with the location, made public"""

    def __init__(self, script=None, **environment):
        self.dir = tempfile.mkdtemp(prefix="review-extract-")
        os.chmod(self.dir, 0o755)
        self.tmp = os.path.join(self.dir, "tmp")
        os.mkdir(self.tmp)
        self.script = script or os.path.join(ROOT, "conf/extract/convert")
        self.socket = os.path.join(self.dir, "fcgi.sock")
        self.port = free_port()
        self.children = []
        try:
            self.start(environment)
        except BaseException:
            self.close()
            raise

    def start(self, environment):
        env = dict(os.environ, TMPDIR=self.tmp, **environment)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.socket)
            os.chmod(self.socket, 0o777)    # nginx's workers may be nobody
            listener.listen()
            for _ in range(PROCESSES):      # those of -c would outlive it
                self.run(["/usr/sbin/fcgiwrap", "-p", self.script],
                         env=env, stdin=listener)

        conf = os.path.join(self.dir, "nginx.conf")
        with open(conf, "w") as f:
            f.write(CONF % {"load": self.load(), "dir": self.dir,
                            "port": self.port, "location": self.location()})
        os.mkdir(os.path.join(self.dir, "logs"))
        self.run([os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx",
                  "-p", self.dir, "-c", conf])
        if not wait_for(self.listening):
            raise SystemExit("nginx did not start")

    def load(self):
        module = os.environ.get("REVIEW_MODULE") or os.path.join(
            ROOT, "build", "ngx_http_review_module.so")
        return "" if module == "static" \
            else "load_module %s;" % os.path.abspath(module)

    def run(self, command, **more):
        self.children.append(subprocess.Popen(command, **more))

    def location(self):
        with open(os.path.join(ROOT, "conf/extract.conf")) as f:
            text = f.read()
        text = re.sub(r"unix:\S+;", "unix:%s;" % self.socket, text)
        text = re.sub(r"(SCRIPT_FILENAME)\s+\S+;", r"\1 %s;" % self.script,
                      text)
        open_to_all = re.sub(r"\binternal;", "", text)
        return open_to_all + text.replace("= /extract", "= /internal/extract")

    def listening(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def post(self, body, content_type, uri="/extract"):
        """-> the status, the type and the text; not UTF-8: ValueError"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=120 * SLOW)
        try:
            headers = {"Content-Type": content_type} if content_type else {}
            connection.request("POST", uri, body, headers)
            reply = connection.getresponse()
            return (reply.status, reply.getheader("Content-Type"),
                    reply.read().decode())
        finally:
            connection.close()

    def left(self):
        return os.listdir(self.tmp)

    def close(self):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def has_lines(text, *lines):
    """these lines, in this order, whatever the blanks between words"""
    found = iter([" ".join(line.split()) for line in text.splitlines()])
    return all(line in found for line in lines)


def documents(extractor):
    status, kind, text = extractor.post(data("sample.pdf"), PDF)
    Tap.ok(status == 200 and kind == TEXT + "; charset=utf-8",
           "PDF: its text", (status, kind, text))
    reply = json.loads(text)
    Tap.ok(reply["pages"] == [{"start": 0}] and reply["warnings"] == []
           and reply["text"].endswith("\f"), "PDF: its page", reply)
    text = reply["text"]
    Tap.ok(has_lines(
        text, "第一章 总则",
        "第一条 为了规范招标投标活动，保护国家利益，制定本办法。",
        "标段 估算价（万元） 保证金", "A1 1,200 24", "B1 360 7.2",
        "第二章 投标",
        "第三条 投标文件应当符合 GB/T 50500-2013 的规定。"),
        "PDF: Chinese as it was written, rows of a table in lines", text)

    status, kind, text = extractor.post(data("sample.docx"), WORD)
    Tap.ok(status == 200 and kind == "text/markdown; charset=utf-8",
           "Word: its text", (status, kind, text))
    Tap.ok(has_lines(text, "# 第一章 总则", "# 第二章 投标",
                     "## 第一节 投标文件", "（一）投标函；",
                     "## 第二节 投标保证金"),
           "Word: headings", text)
    Tap.ok(has_lines(text, "| 标段 | 估算价（万元） | 保证金（万元） | 形式 |",
                     "|---|---|---|---|", "| A1 | 1,200 | 24 | 银行保函 |",
                     r"| A2 | 850 | 17 | 转账 \| 保函 |"),
           "Word: a table", text)
    Tap.ok("\n第一条 为了规范" in text and "A < B 且 C > D" in text
           and "https://example.com/bid_bond。" in text,
           "Word: no emphasis, no escapes, no links", text)


LINES = ["第%d条 投标人应当按照招标文件的要求编制投标文件，不得有误。" % i
         for i in range(1, 31)]

# what a page shows, what the script says of it, and what comes of that

PAGES = [
    ({"lines": LINES[:3]}, None, "text"),
    ({"picture": 1}, None, "scan"),
    ({"lines": ["第 3 页"], "picture": 0.9}, None, "scan"),
    ({"lines": ["- 4 -"]}, None, "scan"),
    ({}, "blank", "blank"),
    ({"drawing": True}, None, "scan"),
    ({"lines": ["附件一"]}, "text", "text"),
    ({"lines": ["第二章 评标办法", "12"]}, "text", "text"),
    ({"lines": ["附件二"], "picture": 0.02}, None, "scan"),
    ({"lines": ["附件", "- 5 -"], "drawing": True}, None, "scan"),
    ({"lines": LINES, "picture": 1}, "ocr", "ocr"),
    ({"lines": LINES[6:9], "picture": 0.02}, None, "text"),
    ({"lines": LINES[9:12], "picture": 0.3}, None, "text"),
    ({"lines": ['A "quoted" \\ back slash, and words enough']}, "text", "text"),
]


def pages(extractor):
    """text, pictures, drawings, page numbers alone, nothing"""
    shown, told, kinds = zip(*PAGES)
    body = pdf(list(shown))
    status, kind, text = extractor.post(body, PDF)
    reply = json.loads(text) if kind.startswith(TEXT) else {}
    text = reply.get("text", "")
    starts = [page["start"] for page in reply.get("pages", [])]
    Tap.ok(status == 200 and len(starts) == len(PAGES)
           and starts[0] == 0 and all(text[i - 1] == "\f" for i in starts[1:])
           and text.count("\f") == len(PAGES), "pages: where they begin",
           (status, starts))
    Tap.ok([page.get("kind") for page in reply["pages"]] == list(told),
           "pages: what is known of them", reply["pages"])
    Tap.ok([(w["code"], w["page"]) for w in reply["warnings"]]
           == [("picture", 13)], "pages: a picture beside text",
           reply["warnings"])
    Tap.ok('A "quoted" \\ back slash' in text and LINES[6] in text,
           "pages: their text", text)

    status, _, text = extractor.post(body, PDF, "/split")
    known = json.loads(text)["document"]
    Tap.ok(status == 200 and known["pages"] == len(PAGES)
           and known["pages_without_text"]
           == [i + 1 for i, kind in enumerate(kinds) if kind == "scan"]
           and sorted(w["code"] for w in known["warnings"])
           == ["ocr", "picture", "scan"], "split: pages without text", known)

    for name, shown in (("scans alone", [{"picture": 1}] * 3),
                        ("nothing", [{}])):
        status, _, text = extractor.post(pdf(shown), PDF)
        Tap.ok((status, text) == (422, "there is no text in the document\n"),
               "pages: %s" % name, (status, text))
    Tap.ok(extractor.left() == [], "nothing is left of pages",
           extractor.left())


def pages_unseen():
    """without the tool that looks for pictures, nobody has seen them"""
    folder = tempfile.mkdtemp(prefix="review-tools-")
    try:
        fake_tool(folder, "exit 1\n", "pdfimages")
        fake_tool(folder, "echo 'Syntax Error: Missing language pack' >&2\n"
                  "exec /usr/bin/pdftotext \"$@\"\n")
        extractor = Extractor(PATH=folder + ":/usr/bin:/bin")
        try:
            _, _, text = extractor.post(data("sample.pdf"), PDF)
            warnings = json.loads(text)["warnings"]
            Tap.ok([w["code"] for w in warnings] == ["tool_error", "picture"]
                   and "language pack" in warnings[0]["detail"],
                   "what tools have not seen is told", warnings)
        finally:
            extractor.close()
    finally:
        shutil.rmtree(folder)


def web_pages(extractor):
    page = """<html><head><title>公告</title></head><body>
        <h1>第一章</h1><p>投标
        截止</p><p>abc
        def 甲
        b，
        乙<b>丙</b>
        （丁）</p><table><tr><th>项</th><th>值</th></tr>
        <tr><td><p>甲</p><p>乙</p></td><td>a|b</td></tr></table>
        <iframe src="/etc/passwd"></iframe></body></html>"""
    for charset, kind in (("utf-8", "text/html"),
                          ("gb18030", "text/html"),
                          ("gb18030", 'Text/HTML; Charset="GBK"'),
                          ("utf-16", "text/html; charset=utf-16")):
        status, _, text = extractor.post(page.encode(charset), kind)
        Tap.ok(status == 200 and "root:" not in text
               and has_lines(text, "# 公告", "# 第一章", "投标截止",
                             "abc def 甲 b，乙丙（丁）",
                             "| 项 | 值 |", r"| 甲 乙 | a\|b |"),
               "HTML in %s, as %s" % (charset, kind), (status, text))


def refusals(extractor):
    pdf, word = data("sample.pdf"), data("sample.docx")
    empty_page = b"<html><body><p> </p></body></html>"

    for name, body, kind, wanted, words in (
            ("a PDF cut short", pdf[:300], PDF, 422, "pdftotext: "),
            ("what is no PDF", b"text", PDF, 422, "pdftotext: "),
            ("an empty PDF", b"", PDF, 422, "pdftotext: "),
            ("a Word file cut short", word[:5000], WORD, 422, "pandoc: "),
            ("a PDF that says it is Word", pdf, WORD, 422, "pandoc: "),
            ("a page without text", empty_page, "text/html", 422, "no text"),
            ("an unknown charset", empty_page, "text/html; charset=x-none",
             422, "iconv: "),
            ("a picture", b"GIF89a", "image/gif", 415, "no converter"),
            ("an old Word file", b"\xd0\xcf", "application/msword", 415,
             "no converter"),
            ("no type", b"text", None, 415, "no converter"),
            ("a type that is a command", b"text", "$(id >id);`id`", 415,
             "no converter")):
        status, kind, text = extractor.post(body, kind)
        Tap.ok(status == wanted and words in text and text.count("\n") == 1
               and kind == "text/plain; charset=utf-8",
               "%s is a %d" % (name, wanted), (status, kind, text))

    Tap.ok(extractor.left() == [], "nothing is left of all this",
           extractor.left())


def many(extractor):
    jobs = [(data("sample.pdf"), PDF, 200), (data("sample.docx"), WORD, 200),
            (b"text", PDF, 422)] * 3
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        replies = list(pool.map(lambda job: extractor.post(*job[:2]), jobs))
    Tap.ok([reply[0] for reply in replies] == [job[2] for job in jobs],
           "more at once than processes: all are answered",
           [reply[0] for reply in replies])
    Tap.ok(replies[0] == replies[3] == replies[6]
           and replies[1] == replies[4] == replies[7],
           "and none gets the text of another")
    Tap.ok(extractor.left() == [], "nothing is left", extractor.left())


def chunks_of(extractor, uri, name, kind):
    """-> the chunks, or []; their hashes and order are checked"""
    status, type_of, text = extractor.post(data(name), kind, uri)
    reply = json.loads(text)
    Tap.ok(status == 200 and type_of == "application/json",
           "%s: chunks of %s" % (uri, name), (status, text))
    chunks, at = reply.get("chunks", []), 0
    for chunk in chunks:
        if chunk["start"] + chunk["overlap"] != at or chunk["sha256"] \
                != hashlib.sha256(chunk["text"].encode()).hexdigest():
            break
        at = chunk["end"]
    else:
        Tap.ok(chunks and reply["count"] == len(chunks),
               "%s: %s: their hashes and offsets" % (uri, name), text)
        return chunks
    Tap.ok(False, "%s: %s: their hashes and offsets" % (uri, name), text)
    return chunks


def heading_over(chunks, words):
    """those of the first chunk that has them in it"""
    for chunk in chunks:
        if words in chunk["text"]:
            return chunk["heading"]
    return None


def split_word(extractor):
    whole = chunks_of(extractor, "/split", "sample.docx", WORD)
    Tap.ok([chunk["text"].splitlines()[0] for chunk in whole]
           == ["# 第一章 总则", "# 第二章 投标", "## 第二节 投标保证金"],
           "Word: chunks begin with its headings", whole)

    chunks = chunks_of(extractor, "/small/split", "sample.docx", WORD)
    _, _, text = extractor.post(data("sample.docx"), WORD)
    Tap.ok("".join(text[c["start"] + c["overlap"]:c["end"]]
                   for c in chunks) == text,
           "Word: chunks are the converter's text", chunks)
    for words, headings in (
            ("制定本办法", ["第一章 总则", "第一条"]),
            ("本办法所称投标保证金", ["第一章 总则", "第二条"]),
            ("（二）商务和技术偏差表",
             ["第二章 投标", "第一节 投标文件", "第三条"]),
            ("| B1 | 360 | 7.2 | 转账 |",
             ["第二章 投标", "第二节 投标保证金", "第四条"]),
            ("bid_bond", ["第二章 投标", "第二节 投标保证金", "第五条"])):
        found = heading_over(chunks, words)
        Tap.ok(found == headings, "Word: the headings over %s" % words, found)


def split_pdf(extractor):
    chunks = chunks_of(extractor, "/small/split", "sample.pdf", PDF)
    for words, headings in (
            ("制定本办法", ["第一章 总则", "第一条"]),
            ("B1", ["第一章 总则", "第二条"]),
            ("GB/T 50500-2013", ["第二章 投标", "第三条"])):
        found = heading_over(chunks, words)
        Tap.ok(found == headings, "PDF: the headings over %s" % words,
               (found, chunks))


def split_others(extractor):
    page = "<h1>第一章</h1><p>第一条 投标截止。</p>"
    status, _, text = extractor.post(page.encode("gb18030"),
                                     "text/html; charset=gbk", "/split")
    reply = json.loads(text)
    Tap.ok(status == 200 and "投标截止" in reply["chunks"][0]["text"]
           and reply["chunks"][0]["heading"] == ["第一章", "第一条"],
           "HTML: a chunk, its charset is the converter's matter", text)

    for name, body, kind, wanted, words in (
            ("a PDF cut short", data("sample.pdf")[:300], PDF, 422,
             "pdftotext: "),
            ("a page without text", b"<html><p> </p></html>", "text/html", 422,
             "no text"),
            ("a picture", b"GIF89a", "image/gif", 415, "no converter"),
            ("nothing", b"", PDF, 400, "empty")):
        status, type_of, text = extractor.post(body, kind, "/split")
        problem = json.loads(text)
        Tap.ok(status == wanted == problem["status"]
               and words in problem["detail"]
               and type_of == "application/problem+json",
               "split of %s: a %d that says why" % (name, wanted),
               (status, text))

    jobs = [("sample.pdf", PDF), ("sample.docx", WORD)] * 4
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        replies = list(pool.map(lambda job: extractor.post(
            data(job[0]), job[1], "/split"), jobs))
    texts = [json.loads(text)["chunks"][0]["text"] if status == 200 else text
             for status, _, text in replies]
    Tap.ok(len(set(texts)) == 2 and texts[:2] * 4 == texts,
           "split of many at once: each gets its own", texts)
    Tap.ok(extractor.left() == [], "nothing is left of splits",
           extractor.left())


def fake_tool(folder, text, name="pdftotext"):
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


def bad_tools():
    """tools that hang, that write without end, that are not there"""
    folder = tempfile.mkdtemp(prefix="review-tools-")
    try:
        fake_tool(folder, "echo $$ >%s/pid; exec sleep 60\n" % folder)
        extractor = Extractor(PATH=folder + ":/usr/bin:/bin",
                              CONVERT_TIMEOUT="1")
        try:
            start = time.monotonic()
            status, _, text = extractor.post(data("sample.pdf"), PDF)
            Tap.ok(status == 422 and "no result after 1 s" in text
                   and time.monotonic() - start < 40 * SLOW,
                   "a tool that hangs is ended", (status, text))
            with open(os.path.join(folder, "pid")) as f:
                pid = int(f.read())
            Tap.ok(wait_for(lambda: not os.path.exists("/proc/%d" % pid)),
                   "and is gone")

            fake_tool(folder, "printf 'one \\033[31m\\377\\ntwo\\n' >&2\n"
                      "exit 3\n")
            status, _, text = extractor.post(data("sample.pdf"), PDF)
            Tap.ok((status, text) == (422, "pdftotext: one [31m\n"),
                   "its first line of error is told, printable",
                   (status, text))

            fake_tool(folder, "exit 127\n")
            status, _, text = extractor.post(data("sample.pdf"), PDF)
            Tap.ok((status, text) == (500, "pdftotext: not installed\n"),
                   "a tool that is missing is a 500", (status, text))
            Tap.ok(extractor.left() == [], "nothing is left",
                   extractor.left())
        finally:
            extractor.close()
    finally:
        shutil.rmtree(folder)


def main():
    extractor = Extractor()
    try:
        documents(extractor)
        pages(extractor)
        web_pages(extractor)
        refusals(extractor)
        many(extractor)
        split_word(extractor)
        split_pdf(extractor)
        split_others(extractor)
    finally:
        extractor.close()
    bad_tools()
    pages_unseen()
    Tap.end()


if __name__ == "__main__":
    main()
