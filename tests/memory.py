"""The resident memory of this process, as Linux counts it: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html."""

from pathlib import Path

MAX_JUDGE = 300 * 1024**2  # bytes that the judge may have in memory, at its peak


def read_status(name: str) -> int:
    """Return a size in /proc/self/status, in bytes; 0 where there is no such file."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def peak_memory() -> int:
    """Return the most that this process has had in memory, in bytes, since `forget_peak`; 0 where that is not known."""
    return read_status("VmHWM")


def forget_peak() -> None:
    """Begin to measure the peak again, where the system allows it."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
