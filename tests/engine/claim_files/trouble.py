"""Claims that do to their worker process whatever a claim can do."""

import os
import signal
import sys

from proofs_check import Check, Claim, Control, Outcome, Source


def sound(instance):
    return Outcome.holds()


def raises(instance):
    raise ArithmeticError("the third root is gone")


def leaves(instance):
    print("about to leave")
    sys.stdout.flush()
    os._exit(3)


def is_killed(instance):
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(instance):
    """Sleeps in native code, without ever giving the interpreter's lock back."""
    import ctypes

    ctypes.PyDLL(None).sleep(60)


def sleeps(instance):
    import time

    time.sleep(60)


def grows(instance):
    kept = []
    while True:
        kept.append(b"x" * 2**24)


def grows_in_children(instance):
    """Each child stays far below what the worker may use; together they do not."""
    import subprocess

    children = [subprocess.Popen([sys.executable, "-c", f"kept = b'x' * {120 * 2**20}; input()"], stdin=subprocess.PIPE) for _ in range(4)]
    for child in children:
        child.wait()


def grows_in_another_session(instance):
    """A grandchild whose parent has ended, in a session of its own."""
    import subprocess

    kept = f"import os, time; os.fork() and os._exit(0); os.setsid(); kept = b'x' * {400 * 2**20}; time.sleep(60)"
    subprocess.run([sys.executable, "-c", kept])
    sleeps(instance)


def abandons_another_session(instance):
    import subprocess

    kept = "import os, time; os.fork() and os._exit(0); os.setsid(); time.sleep(60)"
    subprocess.run([sys.executable, "-c", kept])
    return Outcome.holds()


def shares_with_children(instance):
    """Forked children fill nothing of their own."""
    import time

    kept, children = os.urandom(120 * 2**20), []
    for _ in range(3):
        children.append(os.fork())
        if children[-1] == 0:
            time.sleep(60)
    time.sleep(1)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return Outcome.equal(120 * 2**20, len(kept))


def abandons_a_child(instance):
    import subprocess

    subprocess.Popen([sys.executable, "-c", f"kept = b'x' * {200 * 2**20}; __import__('time').sleep(60)"])
    return Outcome.holds()


def writes_into_the_pipe(instance):
    """Says what is JSON and no finding on every descriptor that it can write to."""
    for descriptor in range(3, 100):
        try:
            os.write(descriptor, b"{}\n")
        except OSError:
            continue
    return Outcome.holds()


def prints(instance):
    print("first line")
    for _ in range(40):
        print("m" * 100_000)
    print("last line")
    return Outcome.holds()


def returns_nothing(instance):
    return None


def exits(instance):
    sys.exit("enough")


def closes_output(instance):
    os.close(1)
    os.close(2)
    return Outcome.holds()


def cuts_its_pipes(instance):
    os.closerange(3, 100)
    sleeps(instance)


def check(instance, *, behaviour, context):
    return Outcome.equal(0, instance) if behaviour is None else behaviour(instance)


def claim(name, behaviour):
    only = Check(
        "only",
        evidence="exact",
        covers="instances",
        scope="nothing",
        run=check,
        instances=lambda context: [1],
        parameters={"behaviour": behaviour},
        controls=[Control("fails", behaviour=None)],
    )
    return Claim(
        id=f"trouble.{name}",
        title="Trouble",
        statement="0 = 0",
        source=Source("arXiv:0000.00000v1", "nowhere"),
        checks=[only],
    )


BEHAVIOURS = (
    *(sound, raises, leaves, is_killed, hangs, sleeps, prints, returns_nothing, exits),
    *(grows, grows_in_children, grows_in_another_session, shares_with_children, abandons_a_child, abandons_another_session),
    *(closes_output, cuts_its_pipes, writes_into_the_pipe),
)
CLAIMS = [claim(behaviour.__name__.replace("_", "-"), behaviour) for behaviour in BEHAVIOURS]
