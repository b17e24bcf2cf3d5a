"""write.py FILE VALUE: a script that changes a setting."""

import sys
import time

with open(sys.argv[1], "r+") as file:
    file.write(sys.argv[2])
time.sleep(0.2)
