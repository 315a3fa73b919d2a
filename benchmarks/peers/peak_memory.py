"""How much memory a process has had at most."""

import re


def peak_memory():
    """The process's peak of resident memory in MiB, or None where the system does not tell."""
    try:
        with open("/proc/self/status") as status:
            return round(int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024)
    except OSError:
        return None
