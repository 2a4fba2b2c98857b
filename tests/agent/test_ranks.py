import os
import shutil
import socket
import tempfile
import time
import unittest

from orchestrator import HANDLER, MODEL, Agent, source
from shelflife_agent import ranks
from support import frame, needs_numpy, needs_packed

PREDICTED = frame({"op": "result", "index": 0, "batch": 1, "outcome": "predicted"})
RAISED = {"op": "result", "index": 0, "batch": 1, "outcome": "raised", "error": {"message": "bad"}}


class Who(unittest.TestCase):
    def setUp(self):
        before = dict(os.environ)
        self.addCleanup(os.environ.update, before)
        for names in ranks.RANK_VARIABLES:
            for name in names:
                os.environ.pop(name, None)
                if name not in before:
                    self.addCleanup(os.environ.pop, name, None)

    def test_without_a_launcher(self):
        self.assertEqual(ranks.rank_and_size(), (0, 0))

    def test_with_any(self):
        for rank, size in ranks.RANK_VARIABLES:
            os.environ.update({rank: "1", size: "3"})
            self.assertEqual(ranks.rank_and_size(), (1, 3))
            del os.environ[rank], os.environ[size]

    def test_files_are_each_ranks_own(self):
        request = {"tasks": [{"formats": [{"path": "/a", "model": "/m"}, {"path": "/b"}]}, {}]}
        self.assertEqual(ranks.away_from_rank_0(request, 2), ["/a.rank2", "/m.rank2", "/b.rank2"])
        self.assertEqual(request["tasks"][0]["formats"][1]["path"], "/b.rank2")


class Two(unittest.TestCase):
    """What rank 0 makes of its own result and that of one other rank."""

    def setUp(self):
        near, self.far = socket.socketpair()

        class Peers(object):
            size = 2

            def descriptors(self):
                return [near.fileno()]

        class Watch(object):
            finished = True

        self.watch = Watch()
        self.addCleanup(near.close)
        self.addCleanup(self.far.close)
        self.other = near.fileno()
        self.meeting = ranks.Meeting(Peers())
        self.out, self.output = os.pipe()
        self.addCleanup(os.close, self.out)
        self.addCleanup(os.close, self.output)

    def other_says(self, *messages):
        for message in messages:
            self.far.sendall(frame(message))
            self.meeting.take_from(self.other)

    def concluded(self):
        ended = {"op": "ended", "how": "finished"}
        self.meeting.conclude(ended, self.output)
        os.write(self.output, b"|")
        return os.read(self.out, 1 << 16)[:-1], ended

    def test_it_waits_for_the_other(self):
        self.meeting.take_own({"outcome": "predicted"}, PREDICTED)
        self.assertFalse(self.meeting.is_decided(self.watch, 0))
        self.other_says({"op": "result", "outcome": "predicted"})
        self.assertFalse(self.meeting.is_decided(self.watch, 0))
        self.other_says({"op": "ended", "how": "finished"})
        self.assertTrue(self.meeting.is_decided(self.watch, 0))
        self.assertEqual(self.concluded(), (PREDICTED, {"op": "ended", "how": "finished"}))

    def test_its_own_failure_counts_first(self):
        own = frame(RAISED)
        self.other_says(dict(RAISED, error={"message": "of the other"}))
        self.meeting.take_own(RAISED, own)
        self.assertTrue(self.meeting.is_decided(self.watch, None))
        self.assertEqual(self.concluded()[0], own)

    def test_a_failure_of_the_other_is_told_with_its_rank(self):
        self.meeting.take_own({"outcome": "predicted"}, PREDICTED)
        self.other_says(RAISED)
        self.meeting.since = time.monotonic() - 2 * ranks.ALIKE_SECONDS
        self.assertTrue(self.meeting.is_decided(self.watch, None))
        self.assertIn(b"bad (in rank 1 of 2)", self.concluded()[0])

    def test_an_end_of_the_other_is_told_with_its_rank(self):
        self.meeting.take_own({"outcome": "predicted"}, PREDICTED)
        self.other_says({"op": "ended", "how": "signal", "signal": 11, "printed": "last words"})
        passed, ended = self.concluded()
        self.assertEqual(passed, b"")
        self.assertEqual((ended["how"], ended["signal"]), ("signal", 11))
        self.assertEqual(ended["printed"], "last words\nso ended rank 1 of 2")

    def test_one_that_is_gone(self):
        self.far.shutdown(socket.SHUT_RDWR)
        self.meeting.take_from(self.other)
        ended = self.concluded()[1]
        self.assertEqual(ended["printed"], "rank 1 of 2 ended without a message")
        self.assertEqual((ended["how"], ended["status"]), ("exit", 70))


@needs_packed
@needs_numpy
class Launched(unittest.TestCase):
    """Two real interpreters."""

    def setUp(self):
        self.agent = Agent(source(HANDLER), ranks=2)
        self.addCleanup(self.agent.close)

    def test_both_do_the_task_and_one_is_told(self):
        self.assertTrue(self.agent.ready["lone"])
        (result, payload), (ended, _) = self.agent.batch(MODEL)
        self.assertEqual((result["outcome"], len(payload)), ("predicted", 16))
        self.assertEqual(ended["how"], "finished")

    def test_a_failure_of_the_second_is_told(self):
        failing = (
            "import os\nif os.environ['OMPI_COMM_WORLD_RANK'] == '1': raise OSError('there')\n"
        )
        (result, _), (ended, _) = self.agent.batch(failing + MODEL)
        self.assertEqual(result["error"]["message"], "there (in rank 1 of 2)")
        self.assertEqual(ended["how"], "finished")

    def test_an_end_of_the_second_is_told(self):
        ending = "import os\nif os.environ['OMPI_COMM_WORLD_RANK'] == '1': os._exit(9)\n"
        ((ended, _),) = self.agent.batch(ending + MODEL)
        self.assertEqual((ended["how"], ended["status"]), ("exit", 9))
        self.assertIn("rank 1 of 2", ended["printed"])


@needs_packed
class Met(unittest.TestCase):
    def test_rank_0_hands_the_agent_on(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                while other.connect_ex(ranks.RANKS_SOCKET):
                    time.sleep(0.01)
                other.sendall(b"1\n")
                status = 0 if other.recv(100) == b"5\nagent" else 2
            finally:
                os._exit(status)
        peers = ranks.Peers(1, "agent")
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        for connection in peers.connections:
            connection.close()


if __name__ == "__main__":
    unittest.main()
