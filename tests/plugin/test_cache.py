"""The cache: one reading a version, bounded, safe from several threads."""

import threading
import time

import pytest

from tb_nnhealth.plugin.cache import VersionedCache


def test_a_value_is_made_once_a_version():
    cache, made = VersionedCache[str](100, len), []

    def make():
        made.append(1)
        return "value"

    assert [cache.get("key", 1, make), cache.get("key", 1, make), cache.get("key", 2, make)] == ["value"] * 3
    assert len(made) == 2


def test_a_look_makes_nothing():
    cache = VersionedCache[str](100, len)
    assert cache.peek("key", 1) is None
    cache.get("key", 1, lambda: "value")
    assert (cache.peek("key", 1), cache.peek("key", 2)) == ("value", None)


def test_least_recently_used_values_go_first():
    cache = VersionedCache[str](10, len)
    for key in ("a", "b"):
        cache.get(key, 1, lambda key=key: key * 5)
    cache.get("a", 1, lambda: "never made")
    cache.get("c", 1, lambda: "ccccc")
    assert cache.get("a", 1, lambda: "anew") == "aaaaa"
    assert cache.get("b", 1, lambda: "anew") == "anew"


def test_a_value_over_the_limit_is_kept_alone():
    cache = VersionedCache[str](10, len)
    cache.get("small", 1, lambda: "s")
    cache.get("large", 1, lambda: "x" * 99)
    assert cache.get("large", 1, lambda: "anew") == "x" * 99
    assert cache.get("small", 1, lambda: "anew") == "anew"


def test_threads_wait_for_one_another():
    cache, made = VersionedCache[str](100, len), []

    def make():
        made.append(1)
        time.sleep(0.05)
        return "value"

    threads = [threading.Thread(target=cache.get, args=("key", 1, make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_failure_is_not_kept():
    cache = VersionedCache[str](100, len)
    with pytest.raises(ZeroDivisionError):
        cache.get("key", 1, lambda: 1 / 0)
    assert cache.get("key", 1, lambda: "value") == "value"
