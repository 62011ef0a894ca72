"""What the figures were measured with."""

import json
import os
import platform
import subprocess

import servers

REVIEWS = (("nginx", "nginx"), ("its Lua module", "libnginx-mod-http-lua"),
           ("LuaJIT", "libluajit2-5.1-2"), ("LuaJIT", "libluajit-5.1-2"),
           ("lua-cjson", "lua-cjson"), ("jansson", "libjansson4"),
           ("FastAPI", "python3-fastapi"), ("uvicorn", "python3-uvicorn"),
           ("uvloop", "python3-uvloop"), ("httptools", "python3-httptools"),
           ("aiohttp", "python3-aiohttp"), ("requests", "python3-requests"))

STEPS = (("nginx", "nginx"), ("its Lua module", "libnginx-mod-http-lua"),
         ("gcc", "gcc"), ("jansson", "libjansson4"),
         ("utf8proc", "libutf8proc2"), ("OpenSSL", "libssl3"),
         ("numpy", "python3-numpy"), ("OpenBLAS", "libopenblas0-pthread"),
         ("FastAPI", "python3-fastapi"), ("uvicorn", "python3-uvicorn"),
         ("uvloop", "python3-uvloop"), ("httptools", "python3-httptools"),
         ("aiohttp", "python3-aiohttp"))

# what the sections of a mark were measured with

PACKAGES = {"figures": REVIEWS, "steps": STEPS, "overload": REVIEWS[:2],
            "fair": REVIEWS[:2], "document": REVIEWS[:1]}


def output(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True)
    return run.stdout.strip()


def package(name):
    return output("dpkg-query", "-W", "-f", "${Version}", name)


def cpu_model():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def undici(modules):
    with open(os.path.join(modules, "undici", "package.json")) as f:
        return json.load(f)["version"]


def python():
    return "Python", output(servers.PYTHON, "--version").split()[-1]


def node(modules):
    return [("Node", output("node", "--version").lstrip("v")),
            ("undici", undici(modules))]


def versions(mark, modules):
    """[(name, version)]"""
    found = [("CPU", "%s, %d cores" % (cpu_model(), os.cpu_count())),
             ("Linux", platform.release())]
    found += [(name, package(debian)) for name, debian in PACKAGES[mark]]
    if mark == "figures":
        found += node(modules)
    if mark in ("figures", "steps"):
        found.append(python())
    return [(name, version) for name, version in found if version]
