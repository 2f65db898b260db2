"""
What a boot costs: the time of the imports and of init(), and the memory that each of them took at most.

Part of the guest half: standard library only, Python 3.9 syntax.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, Optional

from amlemu.worker.import_times import ImportTimes
from amlemu.worker.memory import Memory


class Costs:
    """Of one boot; its `with` block is the boot. Says `imported` when init() is about to be called."""

    def __init__(self, times: Optional[ImportTimes] = None) -> None:
        """`times` looks at each import, if somebody wants to know."""
        self._memory = Memory()
        self._times = times
        self._data: Dict[str, Any] = {}

    def __enter__(self) -> Costs:  # noqa: PYI034  # Python 3.9 has no Self
        self._memory.forget()
        self._began = time.perf_counter()
        self._stack = contextlib.ExitStack()
        if self._times is not None:
            self._stack.enter_context(self._times)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        ended = time.perf_counter()
        boot_ms = (ended - self._began) * 1000
        self._data.setdefault("import_ms", boot_ms)
        self._data.update(
            boot_ms=boot_ms,
            init_ms=boot_ms - self._data["import_ms"],
            peak_bytes=self._memory.peak(),
            bytes=self._memory.now(),
        )

    def imported(self) -> None:
        """The script has been imported; what follows is init()."""
        self._data.update(import_ms=(time.perf_counter() - self._began) * 1000, imported_bytes=self._memory.now())

    def as_data(self) -> Dict[str, Any]:
        """
        Return plain JSON values.

        `boot_ms`, of which `import_ms` before init() and `init_ms` in it; `bytes` at the end, `imported_bytes` before init(),
        `peak_bytes` at most, None where the system does not tell; `imports`, see `ImportTimes.as_data`, where they were looked at.
        """
        return {**self._data, **({} if self._times is None else {"imports": self._times.as_data()})}
