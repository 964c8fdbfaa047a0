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


BEHAVIOURS = (sound, raises, leaves, is_killed, hangs, sleeps, grows, prints, returns_nothing, exits, closes_output, cuts_its_pipes)
CLAIMS = [claim(behaviour.__name__.replace("_", "-"), behaviour) for behaviour in BEHAVIOURS]
