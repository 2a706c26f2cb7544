"""The machine that latencies were measured on, as far as it tells."""

import os
import shutil
import subprocess
from pathlib import Path

from ..provenance import hardware, versions
from .record import MachineRecord

_QUERY = ("name", "driver_version", "clocks.sm", "clocks.max.sm", "clocks.mem", "temperature.gpu", "power.draw")
_FREQUENCY = Path("/sys/devices/system/cpu/cpu0/cpufreq")


def machine_record(device: str) -> MachineRecord:
    """Return what is known of the machine; texts are empty where the system does not tell."""
    known = hardware(device)
    name, driver, clocks = device, "", ""
    if device == "cuda":
        name, driver, clocks = _cuda()
    return MachineRecord(
        processor=known["processor"],
        cores=int(known["cores"]),
        memory=known["memory"],
        system=known["system"],
        governor=_read(_FREQUENCY / "scaling_governor"),
        megahertz=_megahertz(),
        device=name,
        driver=driver,
        device_clocks=clocks,
        versions=versions(),
    )


def processes_on_device(device: str) -> tuple[str, ...]:
    """Return the other processes that compute on the device, by name; empty where there are none, or nobody tells."""
    if device == "cpu":
        return ()
    lines = _smi("--query-compute-apps=pid,process_name")
    pairs = [line.split(", ", 1) for line in lines if ", " in line]
    return tuple(name for number, name in pairs if number != str(os.getpid()))


def _cuda() -> tuple[str, str, str]:
    """Return name, driver and clocks of the device in use."""
    from torch import cuda, version

    name = str(cuda.get_device_name())
    lines = _smi(f"--query-gpu={','.join(_QUERY)}")
    place = cuda.current_device()
    values = lines[place].split(", ") if place < len(lines) else []
    if len(values) != len(_QUERY):
        return name, f"CUDA {version.cuda}", ""
    of = dict(zip(_QUERY, values, strict=True))
    clocks = (
        f"{of['clocks.sm']} of {of['clocks.max.sm']}, memory {of['clocks.mem']}, {of['temperature.gpu']} °C, "
        f"{of['power.draw']}"
    )
    return name, f"{of['driver_version']}, CUDA {version.cuda}", clocks


def _smi(query: str) -> list[str]:
    """Return the lines that nvidia-smi answers with; none where it is not there."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(  # noqa: S603 (fixed words, no shell)
            [program, query, "--format=csv,noheader"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _megahertz() -> str:
    current, highest = _read(_FREQUENCY / "scaling_cur_freq"), _read(_FREQUENCY / "scaling_max_freq")
    if current.isdigit() and highest.isdigit():
        return f"{int(current) // 1000} of {int(highest) // 1000} MHz"
    lines = _read(Path("/proc/cpuinfo")).splitlines()
    found = next((line.partition(":")[2].strip() for line in lines if line.startswith("cpu MHz")), "")
    return f"{float(found):.0f} MHz" if found else ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
