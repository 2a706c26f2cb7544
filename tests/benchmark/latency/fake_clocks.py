"""A clock that only moves when told, and a device with a queue of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class FakeClock:
    """Nanoseconds that pass when somebody works."""

    now: int = 0

    def __call__(self) -> int:
        return self.now

    def work(self, milliseconds: float) -> Callable[[], None]:
        """Return work of the host that takes so long."""

        def do() -> None:
            self.now += round(1e6 * milliseconds)

        return do


@dataclass
class FakeDevice:
    """Works through its queue while the host goes on; one synchronise waits for all of it."""

    clock: FakeClock
    free_at: int = 0
    synchronised: int = 0
    launch: float = 0.01
    """Milliseconds that the host needs to hand work over."""
    events: list["FakeEvent"] = field(default_factory=list)

    def event(self) -> "FakeEvent":
        self.events.append(FakeEvent(self))
        return self.events[-1]

    def synchronize(self) -> None:
        self.synchronised += 1
        for event in self.events:
            event.passed = True
        self.clock.now = max(self.clock.now, self.free_at)

    def kernel(self, milliseconds: float) -> Callable[[], None]:
        """Return work that the host hands over, and the device does."""

        def do() -> None:
            self.clock.now += round(1e6 * self.launch)
            self.free_at = max(self.free_at, self.clock.now) + round(1e6 * milliseconds)

        return do


@dataclass
class FakeEvent:
    device: FakeDevice
    at: int = -1
    passed: bool = False

    def record(self) -> None:
        self.passed = False
        self.at = max(self.device.free_at, self.device.clock.now)

    def elapsed_time(self, later: "FakeEvent") -> float:
        assert self.passed, "the first mark was not waited for"
        assert later.passed, "the last mark was not waited for"
        return (later.at - self.at) / 1e6
