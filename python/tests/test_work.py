# SPDX-License-Identifier: Apache-2.0
"""Long operations: progress, Ctrl-C, threads, processes."""
import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import zkinfer


def test_progress_is_told(key, flowers):
    told = []
    key.prove(flowers[0], progress=lambda stage, fraction: told.append((stage, fraction)))
    assert told and told[-1] == ("done", 1.0)
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)
    key.prove(flowers[0], progress=True)  # a bar, or lines without a terminal


def test_progress_goes_on_to_the_end(model, key):
    """Of operations of several steps, too: done is said once, at the end."""
    told = []
    model.commit(progress=lambda stage, fraction: told.append((stage, fraction)))
    key.rotate(progress=lambda stage, fraction: told.append((stage, fraction)))
    done = [i for i, (stage, fraction) in enumerate(told) if fraction == 1]
    assert len(done) == 2 and done[1] == len(told) - 1
    for part in (told[: done[0] + 1], told[done[0] + 1 :]):
        assert [fraction for _, fraction in part] == sorted(fraction for _, fraction in part)


def test_progress_is_lines_in_a_pipe(monkeypatch, capsys):
    from zkinfer import _progress

    now = iter([0.0, 0.5, 2.0, 3.0, 8.0])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(now))
    with _progress.reporting(True, "commit") as report:
        for fraction in (0.1, 0.4, 0.5, 0.8):
            report("columns", fraction)
    assert capsys.readouterr().err.splitlines() == ["commit: columns, 40 %, 3.0 s left", "commit: columns, 80 %, 2.0 s left"]


def test_ctrl_c_says_what_is_left():
    from zkinfer import _progress

    for what, says in (("commit", "nothing was made or written"), ("prove", "no proof was made, and its place in the commitment is used")):
        with pytest.raises(KeyboardInterrupt, match=f"zkinfer: {what} was stopped; {says}"):
            with _progress.reporting(None, what):
                raise KeyboardInterrupt


def test_progress_stops(key, flowers, onnx_path):
    with pytest.raises(zkinfer.Cancelled):
        key.prove_batch(np.repeat(flowers, 20, axis=0), progress=lambda stage, fraction: False)
    with pytest.raises(zkinfer.Cancelled):
        zkinfer.compile(onnx_path, calibration=flowers, progress=lambda stage, fraction: False)


def test_progress_that_raises(key, flowers):
    def broken(stage, fraction):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        key.prove(flowers[0], progress=broken)


LONG = """
import sys, time, signal, threading, os
import numpy as np, zkinfer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
pictures = np.load(sys.argv[1] + "/calibration.npy")
model = zkinfer.compile(sys.argv[1] + "/digits.onnx", calibration=pictures)
key = model.commit()
key.public
rows = np.concatenate([pictures] * 3)
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
before = time.monotonic()
try:
    key.prove_batch(rows)
    print("finished", time.monotonic() - before)
except KeyboardInterrupt:
    print("stopped", time.monotonic() - before)
key.prove(rows[0])
print("works")
"""


def test_ctrl_c(source):
    done = subprocess.run([sys.executable, "-c", LONG, str(source / "examples/digits")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    word, seconds = done.stdout.split()[:2]
    assert word == "stopped" and float(seconds) < 1.5, done.stdout
    assert done.stdout.split()[2] == "works"


TWICE = """
import atexit, os, signal, sys, threading, time
import numpy as np, zkinfer
signal.signal(signal.SIGINT, signal.default_int_handler)
atexit.register(print, "left", flush=True)  # before zkinfer's own, as it was registered later
pictures = np.load(sys.argv[1] + "/calibration.npy")
key = zkinfer.compile(sys.argv[1] + "/digits.onnx", calibration=pictures).commit()
rows = np.concatenate([pictures] * 30)
def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    key.prove_batch(rows)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_a_second_ctrl_c_ends_the_process(source):
    """What was left behind computes on to its next stage; at the interpreter's end another Ctrl-C does not wait for it."""
    with subprocess.Popen([sys.executable, "-c", TWICE, str(source / "examples/digits")], stdout=subprocess.PIPE, text=True) as running:
        assert [running.stdout.readline().strip() for _ in range(2)] == ["stopped", "left"]
        time.sleep(0.1)
        assert running.poll() is None, "it ended by itself: the test needs a longer stage"
        before = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=120) == -signal.SIGINT and time.monotonic() - before < 1


FORKED = """
import os, sys
import numpy as np, zkinfer
rows = np.random.default_rng(1).uniform(0, 8, (40, 4)).astype("float32")
model = zkinfer.compile(sys.argv[1], calibration=rows)
key = model.commit()
proof = key.prove(rows[0])
statement = zkinfer.verify(proof, key.public)
if os.fork() == 0:
    for shown in (model, model.record, key, key.public, proof, statement, model.outputs_info[0]):
        assert shown._repr_html_() and repr(shown)
    print("shown", flush=True)
    os._exit(0)
print(os.wait()[1])
"""


def test_a_forked_child_shows_what_it_has(onnx_path):
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, onnx_path], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["shown", "0"], done.stdout + done.stderr


def test_threads_share_a_key(key, model, flowers):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        proofs = list(pool.map(key.prove, flowers[:8]))
    slots = {zkinfer.verify(proof, key.public).slot for proof in proofs}
    assert len(slots) == 8
    for row, proof in zip(flowers, proofs):
        assert np.array_equal(proof.output, model.run(row).output)


def test_the_gil_is_released(key, flowers):
    ticks, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = ticks[0]
    key.prove_batch(np.repeat(flowers, 5, axis=0))
    during = ticks[0] - before
    stop.set()
    thread.join()
    assert during > 5


FORK = """
import os, sys
import numpy as np, zkinfer
{before}
child = os.fork()
if child == 0:
    try:
        model = zkinfer.compile(sys.argv[1], calibration=np.random.rand(20, 4).astype("float32"))
        key = model.commit()
        zkinfer.verify(key.prove(np.zeros(4)), key.public)
        os._exit(0)
    except zkinfer.InputError as error:
        print(error, flush=True)
        os._exit(3)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_fork_after_import_works(onnx_path):
    done = subprocess.run([sys.executable, "-c", FORK.format(before=""), onnx_path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_fork_after_work_is_said(onnx_path):
    before = 'zkinfer.compile(sys.argv[1], calibration=np.random.rand(20, 4).astype("float32"))'
    done = subprocess.run([sys.executable, "-c", FORK.format(before=before), onnx_path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 3 and "spawn" in done.stdout, done.stdout + done.stderr


def test_torch_is_there_when_it_is_first_asked_for():
    """Without an import of its own; where torch is not installed, the error says so."""
    code = "import zkinfer\ntry:\n    print(zkinfer.torch.compare.__name__)\nexcept ImportError as error:\n    print('compare: no torch', error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "compare" in done.stdout, done.stdout + done.stderr


VERIFY_AFTER_FORK = """
import os, sys
import numpy as np, zkinfer
key = zkinfer.compile(sys.argv[1], calibration=np.random.rand(20, 4).astype("float32")).commit()
proof = key.prove(np.zeros(4))
public = zkinfer.VerificationKey(key.public.to_bytes(), certificate=key.public.certificate)
child = os.fork()
if child == 0:
    zkinfer.verify(proof, public)
    os._exit(7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_verifying_after_fork_works(onnx_path):
    done = subprocess.run([sys.executable, "-c", VERIFY_AFTER_FORK, onnx_path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 7, done.stdout + done.stderr


SAVE_AFTER_FORK = """
import os, sys
import numpy as np, zkinfer
key = zkinfer.compile(sys.argv[1], calibration=np.random.rand(20, 4).astype("float32")).commit(proofs=8)
key.prove(np.zeros(4))
child = os.fork()
if child == 0:
    try:
        key.save(sys.argv[2])
        os._exit(0)
    except zkinfer.InputError as error:
        print(error, flush=True)
        os._exit(3)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
key.save(sys.argv[2])
sys.exit(code)
"""


def test_a_child_does_not_write_down_its_parents_slots(onnx_path, tmp_path):
    done = subprocess.run([sys.executable, "-c", SAVE_AFTER_FORK, onnx_path, tmp_path / "n.zksecret"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 3 and "child" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "n.zksecret").exists()


def test_two_processes_share_a_saved_commitment(tmp_path, model, flowers):
    key = model.commit(proofs=16)
    key.save(tmp_path / "n.zksecret")
    model.save(tmp_path / "n.zkmodel")
    code = textwrap.dedent(
        """
        import sys, numpy as np, zkinfer
        key = zkinfer.Prover.open(zkinfer.Model.load("n.zkmodel"), "n.zksecret")
        for i in range(3):
            print(zkinfer.verify(key.prove(np.zeros(4)), key.public).slot)
        """
    )
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    slots = [slot for process in running for slot in process.communicate(timeout=120)[0].split()]
    assert len(slots) == 6 and len(set(slots)) == 6
