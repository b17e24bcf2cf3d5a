"""write.py FILE VALUE: a script that changes a setting, and ends with its input."""

import sys

with open(sys.argv[1], "r+") as file:
    file.write(sys.argv[2])
sys.stdin.read()
