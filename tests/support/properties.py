"""How properties are tried: with no bound of wall-clock time, which a loaded machine misses."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
