# shelflife agent, part 10 of 10: the warm interpreter that forks children and watches them.
import fcntl
import gc
import resource
import select
import signal
import tempfile

TICK = 0.05
TAIL = 4096
MAX_JSON = 8 << 20
MAX_PAYLOAD = 1 << 31
# Room for reservations that never become resident (thread stacks, arenas) on top of the memory limit.
ADDRESS_HEADROOM = 1 << 30
# How long ranks may go on after their launcher has told them to end.
LAST_WORDS = 1.0
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
F_SETPIPE_SZ = 1031
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 0x1
IFF_RUNNING = 0x40


def c_library():
    try:
        return ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


def leave_network(libc):
    """Move into an empty network namespace where the kernel lets us; every child inherits it."""
    if libc is None or not hasattr(libc, "unshare"):
        return False
    left = libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0
    if left:
        raise_loopback()
    return left


def raise_loopback():
    """Switch on the loopback device of an empty network namespace: MPI talks to itself even with one rank, and what
    a process says to itself is no network."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket.fileno(), SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP | IFF_RUNNING))
    except OSError:
        pass


def has_only_loopback():
    """Whether this process was started without a network."""
    try:
        return [name for _, name in socket.if_nameindex()] == ["lo"]
    except OSError:
        return False


def die_with_parent(libc, parent):
    """Have the kernel end this child when the interpreter that watches it is gone."""
    if libc is not None and hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(70)


def limit_child(limits):
    """Kernel limits of a child, beside the watching parent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = limits.get("memory_bytes")
    if memory:
        try:
            with open("/proc/self/statm") as lines:
                mapped = int(lines.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
            bound = mapped + memory + ADDRESS_HEADROOM
            if bound <= sys.maxsize:
                resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
        except (OSError, ValueError):
            pass


class Watch(object):
    """One child: its pipes, its clock, what is known of it."""

    def __init__(self, pid, batch, results, printed, limits, baseline):
        self.pid = pid
        self.batch = batch
        self.results = results
        self.printed = printed
        self.limits = limits
        self.baseline = baseline
        self.buffer = bytearray()
        self.tail = b""
        self.index = 0
        self.phase = "start"
        self.deadline = time.monotonic() + limits["seconds"]
        self.finished = False
        self.ended = None
        self.looked = 0.0

    def frames(self):
        """Complete frames in the buffer as (message, raw bytes)."""
        while len(self.buffer) >= HEADER.size:
            text_length, payload_length = HEADER.unpack_from(self.buffer)
            if text_length > MAX_JSON or payload_length > MAX_PAYLOAD:
                self.end("garbled")
                return
            total = HEADER.size + text_length + payload_length
            if len(self.buffer) < total:
                return
            raw = bytes(self.buffer[:total])
            del self.buffer[:total]
            try:
                message = json.loads(raw[HEADER.size : HEADER.size + text_length].decode("utf-8"))
            except ValueError:
                message = None
            if not self.is_in_turn(message):
                self.end("garbled")
                return
            yield message, raw

    def is_in_turn(self, message):
        """Whether a message is one that the child would send now, as opposed to what an artifact may write there."""
        if not isinstance(message, dict) or message.get("batch") != self.batch:
            return False
        kind, index = message.get("op"), message.get("index")
        if kind == "finished":
            return True
        if kind == "start":
            return index in (self.index, self.index + 1)
        # What an earlier task has said stands.
        return kind in ("phase", "result", "state-changed") and index == self.index

    def take(self, output, meeting=None):
        """Read what the child sent and pass results on: to the orchestrator, or to the meeting of ranks that has to
        agree on them first. False at the end of its pipe."""
        data = os.read(self.results, 1 << 18)
        if not data:
            return False
        self.buffer += data
        passed = []
        for message, raw in self.frames():
            kind = message.get("op")
            if kind == "start":
                # Only a later task restarts the clock, whatever the child says.
                if message["index"] > self.index:
                    self.index = message["index"]
                    self.deadline = time.monotonic() + self.limits["seconds"]
                self.phase = "start"
            elif kind == "phase":
                self.phase = str(message.get("phase"))
            elif kind == "finished":
                self.finish()
            else:
                if kind == "state-changed":
                    self.finish()
                if meeting is not None:
                    meeting.take_own(message, raw)
                else:
                    passed.append(raw)
        if passed:
            write_all(output, passed)
        return True

    def finish(self):
        """The child said that it is done: it has a second to go."""
        self.finished = True
        self.deadline = time.monotonic() + 1.0

    def end(self, why):
        """Kill the child's whole process group, remembering why."""
        if self.ended is None:
            self.ended = why
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except OSError:
                pass

    def check_limits(self):
        now = time.monotonic()
        if now > self.deadline:
            self.end("timeout")
        memory = self.limits.get("memory_bytes")
        if memory and now - self.looked >= TICK / 2:
            self.looked = now
            resident = resident_bytes(self.pid)
            if resident is not None and resident > self.baseline + memory:
                self.end("memory")


def reap_strays():
    """Kill and collect whatever processes the child left behind (they come to us as their subreaper)."""
    for _ in range(100):
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            continue
        try:
            with open("/proc/self/task/%d/children" % os.getpid()) as lines:
                pids = [int(word) for word in lines.read().split()]
        except (OSError, ValueError):
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.005)


def widen(descriptor):
    """Let a pipe hold a megabyte, so that writers rarely wait; the usual 64 KiB do where the system refuses."""
    try:
        fcntl.fcntl(descriptor, F_SETPIPE_SZ, 1 << 20)
    except OSError:
        pass


def end_all(watch):
    """End the child and everything that it started, and ourselves."""
    watch.end("abandoned")
    reap_strays()
    os._exit(0)


def run_batch(request, output, scratch, modules, libc, ruleset, ranks=0, meeting=None):
    """Fork a child for a batch, watch it, and say how it ended. Among several ranks, what they make of it together."""
    results_read, results_write = os.pipe()
    printed_read, printed_write = os.pipe()
    widen(results_write)
    folder = tempfile.mkdtemp(prefix="cell-", dir=scratch)
    baseline = resident_bytes() or 0
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 70
        try:
            die_with_parent(libc, parent)
            os.setsid()
            for descriptor in (results_read, printed_read, output, 0):
                os.close(descriptor)
            os.open(os.devnull, os.O_RDONLY)
            os.dup2(printed_write, 1)
            os.dup2(printed_write, 2)
            os.close(printed_write)
            os.chdir(folder)
            os.environ["TMPDIR"] = os.environ["HOME"] = folder
            tempfile.tempdir = None
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            limit_child(request["limits"])
            gc.enable()
            tasks = request["tasks"]
            # Recipes may read their author's files; who loads a file reads what somebody else wrote.
            if ruleset is not None and all(task["kind"] != "train" for task in tasks):
                confine(libc, ruleset)
            run_child(ChildProtocol(results_write, request["batch"], len(tasks) == 1), tasks, modules, ranks > 0)
            status = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            # Not `sys.exit`: exit handlers and destructors of artifacts have no say after their cell.
            os._exit(status)
    os.close(results_write)
    os.close(printed_write)
    watch = Watch(pid, request["batch"], results_read, printed_read, request["limits"], baseline)
    # A launcher ends all ranks where one has died: there is something to say first.
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(time.monotonic()) if ranks else end_all(watch))
    status = None
    streams = [results_read, printed_read]
    while status is None or (meeting is not None and not meeting.is_decided(watch, status)):
        others = list(meeting.open) if meeting is not None else []
        pause = 0.001 if (watch.finished or not streams) and status is None else TICK
        ready = select.select([0] + streams + others, [], [], pause)[0]
        for descriptor in others:
            if descriptor in ready:
                meeting.take_from(descriptor)
        if meeting is not None and status is None and meeting.is_decided(watch, status):
            watch.end("abandoned")
        if told and time.monotonic() > told[0] + LAST_WORDS:
            end_all(watch)
        if 0 in ready:
            # Nothing is sent while a batch runs: the orchestrator is gone, and nobody waits for results.
            end_all(watch)
        if printed_read in ready:
            data = os.read(printed_read, 1 << 16)
            watch.tail = (watch.tail + data)[-TAIL:]
            if not data:
                streams.remove(printed_read)
        if results_read in ready and not watch.take(output, meeting):
            streams.remove(results_read)
        if status is None and (not ready or not streams or watch.finished):
            done, code = os.waitpid(pid, os.WNOHANG)
            if done:
                status = code
        if status is None:
            watch.check_limits()
    # What the child left running could fill the pipes for ever.
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    reap_strays()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # What was still in the pipes when the child ended.
    while select.select([results_read], [], [], 0)[0] and watch.take(output, meeting):
        pass
    while select.select([printed_read], [], [], 0)[0]:
        data = os.read(printed_read, 1 << 16)
        watch.tail = (watch.tail + data)[-TAIL:]
        if not data:
            break
    os.close(results_read)
    os.close(printed_read)
    shutil.rmtree(folder, ignore_errors=True)
    ended = {"op": "ended", "batch": request["batch"], "index": watch.index, "phase": watch.phase}
    if watch.finished:
        ended["how"] = "finished"
    elif watch.ended is not None:
        ended["how"] = watch.ended
    elif os.WIFSIGNALED(status):
        ended.update(how="signal", signal=os.WTERMSIG(status))
    else:
        ended.update(how="exit", status=os.WEXITSTATUS(status))
    if ended["how"] == "garbled":
        ended["printed"] = "shelflife: what it sent as its results was too large or made no sense"
    elif ended["how"] != "finished":
        ended["printed"] = cut(watch.tail.decode("utf-8", "replace"), TAIL)
    if meeting is not None:
        meeting.conclude(ended, output)
    send_frame(output, ended)


def warm_up(request):
    """Import what the plan needs, once; children inherit it."""
    start = time.perf_counter()
    troubles = {}
    absent = set_up(request, troubles)
    lacks = {}
    if "sklearn" not in troubles:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lacks = lacking(request.get("expressions", {}))
    SOURCES.update(request.get("handlers", {}))
    preload = ["sklearn.utils.validation"]
    for name, source in SOURCES.items():
        # A file of the matrix runs in a child first: what it does at its top must not reach the others.
        if not source["foreign"]:
            preload.extend(handler(name).get("PRELOAD", ()))
    for optional in preload:
        try:
            importlib.import_module(optional)
        except Exception:
            pass
    return {
        "op": "ready",
        "troubles": troubles,
        "lacks": lacks,
        "absent": absent,
        "seconds": time.perf_counter() - start,
    }


def main():
    """Serve requests until the orchestrator closes our standard input."""
    # Collecting garbage finds none while importing, and would touch, and so copy, every inherited page in a child.
    gc.disable()
    # Results travel on a private descriptor: whatever writes to standard output, C code included, writes to
    # standard error instead.
    output = os.dup(1)
    widen(output)
    os.set_inheritable(output, False)
    os.dup2(2, 1)
    sys.path[:] = [entry for entry in sys.path if entry]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = c_library()
    if libc is not None and hasattr(libc, "prctl"):
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    scratch, modules, ruleset = None, {}, None
    rank, ranks = rank_and_size()
    peers = Peers(ranks - 1, __agent__) if ranks and rank == 0 else None
    while True:
        frame = read_frame(0)
        if frame is None:
            break
        request = frame[0]
        if peers is not None:
            peers.send(request)
        if request["op"] == "hello":
            scratch = request["scratch"]
            answer = warm_up(request)
            answer["lone"] = ranks > 0
            # Ranks talk to their launcher: what has no network is all of them together.
            answer["isolated_network"] = has_only_loopback() if ranks else leave_network(libc)
            if request.get("objects"):
                ruleset = restrict_files(libc, scratch, request["objects"])
            answer["isolated_files"] = ruleset is not None
            for other in peers.receive() if peers is not None else ():
                for what, error in other["troubles"].items():
                    answer["troubles"].setdefault(what, error)
            modules = module_state()
            if hasattr(gc, "freeze"):
                gc.freeze()
            send_frame(output, answer)
        elif request["op"] == "batch":
            if not ranks:
                run_batch(request, output, scratch, modules, libc, ruleset)
                continue
            files = away_from_rank_0(request, rank) if rank else []
            run_batch(request, output, scratch, modules, libc, ruleset, ranks, Meeting(peers) if peers else None)
            for path in files:
                if os.path.exists(path):
                    os.unlink(path)
            break


main()
