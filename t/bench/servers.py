"""
The servers of the benchmarks: the stand-in LLM and the peers, each started in
a folder of its own, measured through /proc, and ended by pid.
"""

import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import harness

NGINX = "/usr/sbin/nginx"
MODULES = "/usr/lib/nginx/modules"
PYTHON = "/usr/bin/python3"
RUBRIC = os.path.join(HERE, "rubric.json")

LUA = "".join("load_module %s/%s;\n" % (MODULES, name) for name in
              ("ndk_http_module.so", "ngx_http_lua_module.so"))

FILES = harness.raise_files()

# the measured server has a core, the LLM and the clients have the other one

CORES = sorted(os.sched_getaffinity(0))[:2]

if len(CORES) < 2:
    raise SystemExit("two cores are needed")

SERVER_CORE, OTHER_CORE, ALL_CORES = {CORES[0]}, {CORES[1]}, set(CORES)


def pin(cores):
    return lambda: os.sched_setaffinity(0, cores)


def read_proc(name):
    """"" if the process has ended meanwhile"""
    try:
        with open(name) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    return [int(child) for name in glob.glob("/proc/%d/task/*/children" % pid)
            for child in read_proc(name).split()]


def status_of(pid, field):
    """KB"""
    for line in read_proc("/proc/%d/status" % pid).splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


class Unmeasured(Exception):
    """the machine does not let a figure be: it is busy, or lacks something"""


class Server:
    """a process and its children, in a temporary folder"""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="review-bench-")
        os.chmod(self.dir, 0o777)       # workers of root's nginx are nobody
        self.port = harness.free_port()
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def start(self, command, cores, env=None, processes=1):
        with open(os.path.join(self.dir, "output"), "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=self.dir, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, preexec_fn=pin(cores),
                env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1",
                         **env or {}))
        try:
            self.wait_until_ready(processes)
        except BaseException:
            self.stop()
            raise
        return self

    def wait_until_ready(self, processes):
        # a master listens before it has workers
        harness.wait_for(lambda: self.ended() or self.listening()
                         and len(self.pids()) >= processes, 30)
        if self.ended() or not self.listening():
            raise Unmeasured("did not start: %s\n%s" % (
                " ".join(self.process.args), self.log()))
        time.sleep(0.3)

    def ended(self):
        return self.process.poll() is not None

    def listening(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def pids(self):
        """the process and all that it has started"""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children(pid)
        return found

    def worker(self):
        """the first worker, if there is a master"""
        return (children(self.process.pid) or [self.process.pid])[0]

    def cpu(self):
        """seconds of CPU, of all threads"""
        total = 0
        for pid in self.pids():
            for name in glob.glob("/proc/%d/task/*/schedstat" % pid):
                total += int((read_proc(name) or "0").split()[0])
        return total / 1e9

    def rss(self):
        """KB, of the first worker"""
        return status_of(self.worker(), "VmRSS")

    def rss_peak(self):
        return status_of(self.worker(), "VmHWM")

    def open_files(self):
        """of the first worker; before Linux 6.2 they have to be listed"""
        name = "/proc/%d/fd" % self.worker()
        return os.stat(name).st_size or len(os.listdir(name))

    def log(self):
        text = ""
        for name in ("output", "error.log"):
            name = os.path.join(self.dir, name)
            if os.path.exists(name):
                with open(name, errors="replace") as f:
                    text += f.read()
        return text

    def alerts(self):
        return [line for line in self.log().splitlines()
                if re.search(r"\[(alert|crit|emerg)\]", line)]

    def end(self):
        """all of its processes; their files stay"""
        pids = self.pids()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in pids:
            if self.owns(pid):
                os.kill(pid, signal.SIGKILL)

    def owns(self, pid):
        """a pid may be someone else's by now"""
        try:
            return os.readlink("/proc/%d/cwd" % pid) == self.dir
        except OSError:
            return False

    def stop(self):
        if self.process:
            self.end()
        shutil.rmtree(self.dir)


def fill(text, values):
    for name, value in values.items():
        text = text.replace("@%s@" % name, str(value))
    return text


def copy(name, folder, values):
    """a file of the benchmarks, filled in"""
    with open(os.path.join(HERE, name)) as f:
        text = fill(f.read(), values)
    name = os.path.join(folder, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w") as f:
        f.write(text)
    return name


def start_nginx(server, conf, cores, processes=2, command=()):
    os.makedirs(os.path.join(server.dir, "temp"), mode=0o777, exist_ok=True)
    os.makedirs(os.path.join(server.dir, "logs"), exist_ok=True)
    return server.start(list(command) + [
        NGINX, "-p", server.dir, "-c", conf, "-e",
        os.path.join(server.dir, "error.log"), "-g", "daemon off;"],
        cores, processes=processes)


def nginx_values(server):
    return {"BENCH": server.dir, "FILES": FILES, "CONNECTIONS": FILES - 100}


def llm(cores=OTHER_CORE):
    server = Server()
    values = dict(nginx_values(server), MODULES=MODULES, LLM_PORT=server.port)
    copy("answers.json", server.dir, {})
    copy("llm.lua", server.dir, values)
    return start_nginx(server, copy("llm.conf", server.dir, values), cores)


def recording_llm(cores=OTHER_CORE):
    """the tests' stand-in, which can tell what it was asked"""
    server = Server()
    return server.start(
        [PYTHON, os.path.join(HERE, "..", "lib", "llm.py"), "--port",
         str(server.port), "--parent-pid", str(os.getpid())], cores)


def nginx_peer(peer, llm_port, path, load="", workers=1, cores=SERVER_CORE,
               command=(), **settings):
    """peers/PEER.conf in front of the LLM's PATH; COMMAND runs it as one
    process, which is what valgrind can measure"""
    server = Server()
    if command:
        load += "\nmaster_process off;"
    values = dict(nginx_values(server), LOAD=load, WORKERS=workers,
                  LLM_PORT=llm_port, LLM_PATH=path, PORT=server.port,
                  RUBRIC=RUBRIC)
    values.update({name.upper(): value for name, value in settings.items()})
    if peer == "lua":
        copy("prompt.json", server.dir, {})
        copy("peers/lua_review.lua", server.dir, values)
    values["PEER"] = copy("peers/%s.conf" % peer, server.dir, values)
    return start_nginx(server, copy("nginx.conf", server.dir, values), cores,
                       1 if command else workers + 1, command)


def load_module(so):
    return "load_module %s;" % os.path.abspath(so)


def module(so, llm_port, path, stream="off", **settings):
    return nginx_peer("module", llm_port, path, stream=stream,
                      load=load_module(so), **settings)


def overload(so, llm_port, rubric, limit):
    """the module with a limit; the LLM's calls share what it can do"""
    return nginx_peer("overload", llm_port, "shared", load=load_module(so),
                      rubric=rubric, limit=limit)


def fair(so, llm_port, rubric, calls, chats):
    """the module with a limit that tenants share; chats are of that class"""
    return nginx_peer("fair", llm_port, "shared", load=load_module(so),
                      rubric=rubric, calls=calls, chats=chats)


def loop(so, llm_port, path, pool="default", buffer="16k",
         cores=SERVER_CORE):
    """the module, which also splits, on a pool of threads or on none"""
    return nginx_peer("loop", llm_port, path, load=load_module(so),
                      pool=pool, buffer=buffer, cores=cores)


def proxy(llm_port, path, buffering="on", **settings):
    return nginx_peer("proxy", llm_port, path, buffering=buffering,
                      **settings)


def embed(so, llm_port):
    return nginx_peer("embed", llm_port, "", load=load_module(so))


def embed_proxy(llm_port):
    return nginx_peer("embed_proxy", llm_port, "")


def lua(llm_port, path, bodies, **settings):
    return nginx_peer("lua", llm_port, path, load=LUA, bodies=bodies,
                      **settings)


def service_env(port, llm_port, path):
    return {"PORT": str(port), "RUBRIC": RUBRIC,
            "PROMPT": os.path.join(HERE, "prompt.json"),
            "LLM_URL": "http://127.0.0.1:%d/%s/v1/chat/completions"
            % (llm_port, path),
            "EMBEDDINGS_URL": "http://127.0.0.1:%d/v1/embeddings" % llm_port}


def uvicorn(service, llm_port, path, workers=1, cores=SERVER_CORE):
    server = Server()
    return server.start(
        [PYTHON, "-m", "uvicorn", "--app-dir", os.path.join(HERE, "peers"),
         "--loop", "uvloop", "--http", "httptools", "--no-access-log",
         "--log-level", "warning", "--backlog", "4096",
         "--workers", str(workers), "--port", str(server.port),
         service + ":app"], cores, service_env(server.port, llm_port, path),
        processes=workers + 1 if workers > 1 else 1)


def node(modules, llm_port, path, cores=SERVER_CORE):
    server = Server()
    shutil.copy(os.path.join(HERE, "peers", "node_service.mjs"), server.dir)
    os.symlink(modules, os.path.join(server.dir, "node_modules"))
    return server.start(["node", "node_service.mjs"], cores,
                        service_env(server.port, llm_port, path))
