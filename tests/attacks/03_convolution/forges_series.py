# what: answers a whole series of questions with what is no list, too long, nested, or what was asked
# points: <= 1

# % after=compare-images
from autograder.candidate.serve import Server

turn = 0
inner = Server._do


def forged(self, request):
    global turn
    if request["op"] == "series":
        turn += 1
        kinds = [
            None,
            [],
            [b""] * len(request["frames"]),
            request["frames"],
            [b"\xff" * 100] * 10_000,
            [[b"deeper"]] * len(request["frames"]),
            "x" * 100_000,
            {"value": True, "passed": True},
        ]
        return {"value": kinds[turn % len(kinds)]}
    if request["op"] == "begin":
        return {"value": None}
    return {"value": {"value": True, "passed": True, "verdict": "passed"}}


Server._do = forged
