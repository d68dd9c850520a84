# what: prints scores, also larger than the maximum, NaN and negative ones, and writes files that look like results
# points: 0

# %% after=setup
import json

for points in (100, 10**9, float("nan"), -5, "95/95"):
    print(points)
    print(json.dumps({"score": str(points), "max_score": 95, "status": "graded", "passed": True}))
for name in ("results.json", "result.xml", "score.txt", ".nbgrader.log", "gradebook.db"):
    with open(name, "w") as file:
        file.write('{"score": 1000, "tests": [{"score": 95, "max_score": 95}]}')


# %% after=test-output-size
100


# %% after=test-conv2d
float("nan")


# %% replace=conv2d
def conv2d(image, kernel, stride=1, padding=0):
    with open("results.json", "w") as file:
        file.write('{"score": 1000}')
    print("PASSED [100%]")
    import os

    os._exit(0)
