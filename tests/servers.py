"""The web servers under test, each with the configuration that is shipped for
it, over a lake: a new one, or one that another server serves too.

A kind is a key of KINDS; with "+tls" after it, where the server does TLS.  The
settings of the workers are SETTINGS, and what a test wants otherwise."""
import atexit
import functools
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
KEY, SECRET = "AKIALAKEGATETESTS000", "a-secret-for-tests-only"
kept = tempfile.NamedTemporaryFile("w")
print(SECRET, file=kept, flush=True)
FIRST_KEY = ("--access-key-id", KEY, "--secret-file", kept.name)     # of `lakegate init`
# Tests send what is wrong on purpose, all from one address; nothing is installed.
SETTINGS = {"failures": "log", "sample_data": f"{TOP}/examples/sample_data"}
USER = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


held = []


def free_port():
    """A port that is free, and this process's as long as it lives: below those
    that the kernel gives to clients, and claimed by a name among abstract
    sockets, so that tests that run at the same time never choose the same."""
    for port in random.sample(range(10240, 32768), 1000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0lakegate-test-port-{port}")
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        held.append(claim)
        return port
    raise AssertionError("no port is free")


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


@functools.cache
def certificate():
    """A certificate of our own, with its key, in one file; the clients of this
    process trust it."""
    folder = tempfile.mkdtemp(prefix="lakegate-tls-")
    atexit.register(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    pem = os.path.join(folder, "tls.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                    "-keyout", pem + ".key", "-out", pem + ".crt"], check=True, capture_output=True)
    with open(pem + ".key") as k, open(pem + ".crt") as c:
        write(pem, k.read() + c.read())
    os.environ["AWS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = pem + ".crt"
    return pem


def wait_for(process, port, words):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
            assert process.poll() is None, words()
    raise AssertionError("the server did not start: " + words())


class Server:
    """What all have in common; a kind says what it starts."""
    reload_signal = signal.SIGUSR1
    env = {}

    def __init__(self, kind, build, lake=None, tls=False, settings=None):
        self.kind, self.build, self.tls = kind, build, tls
        self.settings = dict(SETTINGS, **(settings or {}))
        self.root = tempfile.mkdtemp(prefix="lakegate-")
        os.chmod(self.root, 0o755)
        self.lake = lake or os.path.join(self.root, "lake")
        self.rundir = os.path.join(self.root, "run")
        os.mkdir(self.rundir)
        self.spool = os.path.join(self.root, "spool")
        os.mkdir(self.spool)
        self.port = free_port()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}"
        self.pem = certificate() if tls else None
        self.binary = os.path.join(build, "lakegate.fcgi")
        self.others = []
        self.conf_file = self.write_conf(self.root)
        if not lake:
            self.run("init", self.lake, *FIRST_KEY)
        self.prepare()
        self.start()

    def run(self, *args, check=True):
        return subprocess.run([os.path.join(self.build, "lakegate"), *args],
                              check=check, capture_output=True, text=True)

    def write_conf(self, folder, **more):
        """RUN/ in a value is the server's own folder."""
        return write(os.path.join(folder, "lakegate.conf"), "".join(
            f"{k} = {v}\n".replace("RUN/", self.rundir + "/") for k, v in dict(self.settings, **more).items()))

    def prepare(self):
        """Files, once; what the server's user must own becomes its own."""

    def argv(self):
        raise NotImplementedError

    def give(self):
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", USER, self.root, self.lake], check=True)

    def spawn(self, argv, stdin=None, **env):
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        return subprocess.Popen(argv, env=dict(os.environ, PATH=path, **env), stdin=stdin,
                                stdout=self.log, stderr=self.log, cwd=TOP)

    def start(self):
        self.log = open(os.path.join(self.root, "server.log"), "ab")
        self.process = self.spawn(self.argv(), **self.env)
        atexit.register(self.end)
        wait_for(self.process, self.port, self.words)

    def words(self):
        out = ""
        for name in ("server.log", "run/error.log"):
            try:
                with open(os.path.join(self.root, name), errors="replace") as f:
                    out += f.read()[-4000:]
            except OSError:
                pass
        return out

    def workers(self):
        """Process ids of the workers (FastCGI): those that descend from the
        server, as their environment is nobody's to read."""
        out = subprocess.run(["pgrep", "-f", "lakegate.fcgi"],
                             capture_output=True, text=True).stdout
        roots = {p.pid for p in [self.process, *self.others]}

        def parent(pid):
            try:
                with open(f"/proc/{pid}/stat") as f:
                    return int(f.read().rpartition(")")[2].split()[1])
            except OSError:
                return 0
        mine = []
        for pid in map(int, out.split()):
            above = pid if pid in {p.pid for p in self.others} else parent(pid)
            while above > 1 and above not in roots:
                above = parent(above)
            if above in roots:
                mine.append(pid)
        return [p for p in mine if p != self.process.pid]

    def reload(self):
        """As an administrator does after a change of the configuration."""
        self.process.send_signal(self.reload_signal)

    def stop(self):
        for p in [self.process, *self.others]:
            p.send_signal(signal.SIGTERM)
            p.wait(40)
        # A server does not wait for its workers, which still write in the lake.
        for _ in range(400):
            if not self.has_workers():
                break
            time.sleep(0.1)
        self.log.close()

    def has_workers(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if f"LAKEGATE_LAKE={self.lake}".encode() in f.read().split(b"\0") and \
                            os.path.realpath(f"/proc/{pid}/exe") == os.path.realpath(self.binary):
                        return True
            except OSError:             # it has ended, or is another user's
                pass
        return False

    def end(self):
        """Of one that a test which failed has left behind."""
        for p in [self.process, *self.others]:
            p.terminate()               # nothing, when it has ended

    def fsck(self):
        r = self.run("--lake", self.lake, "fsck", "--deep", check=False)
        assert r.returncode == 0, r.stdout + r.stderr
        return r.stdout


class Lighttpd(Server):
    """lighttpd/fastcgi.conf, as it is."""
    conf = "fastcgi.conf"

    def prepare(self):
        self.env = dict(LAKEGATE_LAKE=self.lake, LAKEGATE_RUN=self.rundir, LAKEGATE_SPOOL=self.spool,
                        LAKEGATE_CONF=self.conf_file,
                        LAKEGATE_PORT=str(self.port), LAKEGATE_WORKER=self.binary,
                        LAKEGATE_PEM=self.pem or "")
        self.file = f"{TOP}/lighttpd/{self.conf}"
        if self.tls:
            self.file = write(f"{self.rundir}/tls.conf", f'include "{self.file}"\n'
                              f'include "{TOP}/lighttpd/tls.conf"\n')

    def argv(self):
        return ["lighttpd", "-D", "-f", self.file]


class LighttpdCgi(Lighttpd):
    """lighttpd/cgi.conf, as it is."""
    conf = "cgi.conf"

    def prepare(self):
        super().prepare()
        cgi = os.path.join(self.root, "cgi")
        os.mkdir(cgi)
        shutil.copy(self.binary, f"{cgi}/lakegate.cgi")
        self.write_conf(cgi)
        self.env["LAKEGATE_CGI_DIR"] = cgi


class Apache(Server):
    """apache/lakegate.conf: a virtual host of mod_fcgid."""
    modules = "authz_core env setenvif rewrite fcgid reqtimeout".split()
    base = """
ServerRoot {run}
ServerName localhost
PidFile {run}/httpd.pid
ErrorLog {run}/error.log
Listen 127.0.0.1:{port}
User {user}
Group {user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
{modules}
Define LAKEGATE_LAKE {lake}
Define LAKEGATE_PORT {port}
{more}
"""

    def more(self):
        bindir = os.path.join(self.root, "bin")
        os.mkdir(bindir)
        shutil.copy(self.binary, bindir)
        self.write_conf(bindir)
        return self.fcgid() + (f"Define LAKEGATE_BIN {bindir}\n"
                               f"Include {TOP}/apache/lakegate.conf\n")

    def fcgid(self):
        os.mkdir(f"{self.rundir}/sock")
        return (f"FcgidIPCDir {self.rundir}/sock\n"
                f"FcgidProcessTableFile {self.rundir}/shm\n")

    def prepare(self):
        modules = self.modules + (["ssl", "socache_shmcb"] if self.tls else [])
        more = ""
        if self.tls:
            more = f"Define LAKEGATE_CERTIFICATE {self.pem}\n"
        self.file = write(f"{self.rundir}/httpd.conf", self.base.format(
            run=self.rundir, user=USER, port=self.port, lake=self.lake, more=more + self.more(),
            modules="\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so"
                              for m in modules)))
        self.give()

    def argv(self):
        return ["apache2", "-DFOREGROUND", "-f", self.file]


class ApacheHtaccess(Apache):
    """apache/htaccess in a document root, the program beside it as FastCGI and
    as CGI: all that a customer of a shared host can do."""
    modules = "authz_core env setenvif rewrite mime fcgid cgid reqtimeout".split()

    def more(self):
        root = os.path.join(self.root, "www")
        os.makedirs(root + "/lakegate")
        shutil.copy(f"{TOP}/apache/htaccess", root + "/.htaccess")
        for name in ("lakegate.fcgi", "lakegate.cgi"):
            shutil.copy(self.binary, f"{root}/lakegate/{name}")
        self.write_conf(f"{root}/lakegate", lake=self.lake, threads=1)
        return self.fcgid() + (f"TypesConfig /dev/null\n"
                               f"ScriptSock {self.rundir}/cgid.sock\n"
                               f"DocumentRoot {root}\n<Directory {root}>\n"
                               f"AllowOverride All\nRequire all granted\n</Directory>\n")

    def workers(self):
        return []


class Socket(Server):
    """A worker of its own on a socket that the test holds, as a service
    manager does: see src/worker/lakegate.socket."""

    def start(self):
        self.log = open(os.path.join(self.root, "server.log"), "ab")
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.socket)
        self.listening.listen(1000)
        os.chmod(self.socket, 0o666)
        self.start_worker()
        super().start()

    def start_worker(self):
        argv = [self.binary]
        if os.geteuid() == 0:
            argv = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", *argv]
        self.others = [self.spawn(argv, self.listening, LAKEGATE_LAKE=self.lake,
                                  LAKEGATE_CONF=self.conf_file)]

    @property
    def socket(self):
        return f"{self.rundir}/worker.sock"

    def restart_worker(self):
        self.others[0].send_signal(signal.SIGTERM)
        assert self.others[0].wait(40) == 0
        self.start_worker()


class ApacheProxy(Socket, Apache):
    """apache/proxy.conf: mod_proxy_fcgi before a worker that runs by itself."""
    modules = "authz_core env setenvif proxy proxy_fcgi reqtimeout".split()

    def more(self):
        return (f"Define LAKEGATE_SOCKET {self.socket}\n"
                f"Include {TOP}/apache/proxy.conf\n")


class Nginx(Socket):
    """nginx/lakegate.conf in a server of its own."""
    reload_signal = signal.SIGHUP

    def prepare(self):
        user = f"user {USER};" if os.geteuid() == 0 else ""
        tls = f"ssl_certificate {self.pem}; ssl_certificate_key {self.pem};" if self.tls else ""
        self.file = write(f"{self.rundir}/nginx.conf", f"""
daemon off; pid {self.rundir}/nginx.pid; {user}
error_log {self.rundir}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {self.rundir}/body; fastcgi_temp_path {self.rundir}/fcgi;
  proxy_temp_path {self.rundir}/p; uwsgi_temp_path {self.rundir}/u; scgi_temp_path {self.rundir}/s;
  upstream lakegate {{ server unix:{self.socket}; }}
  server {{
    listen 127.0.0.1:{self.port} {"ssl http2" if self.tls else ""};
    {tls}
    include {TOP}/nginx/lakegate.conf;
  }}
}}
""")
        self.give()

    def argv(self):
        return ["nginx", "-e", f"{self.rundir}/error.log", "-c", self.file]


KINDS = {"lighttpd": Lighttpd, "lighttpd-cgi": LighttpdCgi, "apache": Apache,
         "apache-htaccess": ApacheHtaccess, "apache-proxy": ApacheProxy, "nginx": Nginx}


def serve(kind, build, lake=None, settings=None):
    name, _, tls = kind.partition("+")
    return KINDS[name](kind, build, lake, tls == "tls", settings)


def connect(url, timeout=30):
    """A plain connection to a server of these, for requests made by hand."""
    import http.client
    host = url.split("//")[1]
    if url.startswith("https"):
        context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
        return http.client.HTTPSConnection(host, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, timeout=timeout)
