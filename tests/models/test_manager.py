"""Leases and budgets, with a loader that only counts bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.files import FileRef
from engine.models.handle import ModelHandle, Patch
from engine.models.manager import LeaseError, ModelManager

SECONDS = 180.0
"""The longest wait for anything that must come, on a machine as busy as can be."""


class Module:
    def __init__(self, handle: ModelHandle, nbytes: int) -> None:
        self.handle, self.place, self.nbytes = replace(handle, patches=()), "device", nbytes


class FakeLoader:
    """Files named after their size in bytes, and after the fewest that they work with if there is a second number."""

    def __init__(self, device_bytes: int, host_bytes: int = 0) -> None:
        self.log: list[str] = []
        self.limits = {"device": device_bytes, "host": host_bytes}
        self.modules: list[Module] = []
        self.hold: Callable[[ModelHandle], None] = lambda handle: None

    def size(self, handle: ModelHandle) -> int:
        return int(handle.source.name.split("-")[1])

    def least(self, handle: ModelHandle) -> int:
        return int(handle.source.name.split("-")[-1])

    def patch(self, module: Module, handle: ModelHandle) -> None:
        self.hold(handle)
        module.handle = handle
        self.log.append(f"patch {handle.source.name} {len(handle.patches)}")

    def load(self, handle: ModelHandle, nbytes: int) -> Module:
        self.hold(handle)
        module = Module(handle, nbytes)
        self.modules.append(module)
        self.log.append(f"load {handle.source.name}")
        return module

    def to_device(self, module: Module) -> None:
        module.place = "device"
        self.log.append(f"up {module.handle.source.name}")

    def to_host(self, module: Module) -> None:
        module.place = "host"
        self.log.append(f"down {module.handle.source.name}")


def handle(name: str) -> ModelHandle:
    return ModelHandle(FileRef("checkpoints", name, name), "sd1", "denoiser")


A, B, C = handle("a-40"), handle("b-40"), handle("c-50")
PATCHED = A.patched(Patch(FileRef("loras", "x", "x"), 0.5))


def make(device: int, host: int = 0) -> tuple[ModelManager, FakeLoader]:
    loader = FakeLoader(device, host)
    return ModelManager(loader, device, host), loader


def use(manager: ModelManager, *handles: ModelHandle, workspace: int = 0) -> tuple[Module, ...]:
    with manager.lease(*handles, workspace=workspace) as modules:
        assert [m.handle.key for m in modules] == [h.key for h in handles]
        assert all(m.place == "device" for m in modules)
        return modules


def test_two_checkpoints_stay_when_they_fit() -> None:
    manager, loader = make(100)
    assert not manager.resident(A)
    for _ in range(3):
        use(manager, A)
        use(manager, B)
    assert loader.log == ["load a-40", "load b-40"]
    assert manager.resident(A)
    assert manager.resident(B)


def test_what_is_spare_is_what_no_lease_holds_and_idle_weights_make_way_for_it() -> None:
    manager, _ = make(100)
    use(manager, A)
    with manager.lease(B, workspace=10):
        assert manager.spare(10) == 50
        assert manager.resident(A), "10 bytes are free beside both"
        assert manager.spare(11) == 50
        assert not manager.resident(A)
        assert manager.resident(B)
        assert manager.spare(1000) == 50, "lent weights stay, whatever is wanted"
    assert manager.spare(0) == 100


def test_the_least_recently_used_leaves_first() -> None:
    manager, loader = make(100)
    use(manager, A)
    use(manager, B)
    use(manager, A)
    use(manager, C)
    assert manager.resident(A)
    assert not manager.resident(B)
    assert loader.log == ["load a-40", "load b-40", "load c-50"]


def test_the_host_keeps_what_it_has_room_for() -> None:
    manager, loader = make(50, host=40)
    use(manager, A)
    use(manager, B)
    use(manager, A)
    assert loader.log == ["load a-40", "down a-40", "load b-40", "down b-40", "up a-40"]
    use(manager, C)
    assert {row.name: row.place for row in manager.report()} == {"c-50": "device", "a-40": "host"}


def test_a_swap_through_the_host_reads_no_file_twice() -> None:
    manager, loader = make(50, host=100)
    for _ in range(3):
        use(manager, A)
        use(manager, B)
    assert [entry for entry in loader.log if entry.startswith("load")] == ["load a-40", "load b-40"]
    assert loader.log.count("up a-40") == 2
    assert {row.name: row.place for row in manager.report()} == {"b-40": "device", "a-40": "host"}


def test_the_same_weights_under_two_names_are_loaded_once() -> None:
    manager, loader = make(100)
    other = ModelHandle(FileRef("checkpoints", "other-40", "a-40"), "sd1", "denoiser")
    assert use(manager, A, other)[0] is use(manager, other)[0]
    assert len(loader.log) == 1


def test_patches_are_applied_to_the_same_weights_in_place() -> None:
    manager, loader = make(100)
    plain = use(manager, A)[0]
    assert use(manager, PATCHED)[0] is plain
    assert manager.resident(PATCHED)
    assert not manager.resident(A)
    use(manager, PATCHED)
    use(manager, A)
    assert loader.log == ["load a-40", "patch a-40 1", "patch a-40 0"]
    assert sum(row.nbytes for row in manager.report()) == 40


def test_one_lease_cannot_want_the_same_weights_twice_over() -> None:
    manager, _ = make(100)
    with pytest.raises(LeaseError, match="two sets of patches"), manager.lease(A, PATCHED):
        pass
    use(manager, A)


def test_weights_wait_for_their_holders_before_they_are_patched_anew() -> None:
    manager, loader = make(100)
    seen: list[int] = []

    def want() -> None:
        with manager.lease(PATCHED) as (module,):
            seen.append(len(module.handle.patches))

    other = threading.Thread(target=want)
    with manager.lease(A) as (plain,):
        other.start()
        wait_until(lambda: len(manager._queue) == 1)
        assert plain.handle.patches == ()
        assert seen == []
    other.join(SECONDS)
    assert seen == [1]
    assert loader.log == ["load a-40", "patch a-40 1"]


def test_patches_that_fail_leave_the_weights_to_be_patched_by_the_next() -> None:
    manager, loader = make(100)
    use(manager, A)

    def fail(h: ModelHandle) -> None:
        if h.patches:
            raise OSError("the disk is gone")

    loader.hold = fail
    with pytest.raises(OSError, match="disk"):
        use(manager, PATCHED)
    assert not manager.resident(A), "nobody knows what they are"
    use(manager, A)
    assert loader.log == ["load a-40", "patch a-40 0"]
    loader.hold = lambda h: None
    use(manager, PATCHED)


def test_what_is_too_large_streams_and_leaves_room_to_work() -> None:
    manager, loader = make(100)
    big, small = handle("b-200-30"), handle("s-20-15")
    assert use(manager, big)[0].nbytes == 75
    assert [module.nbytes for module in use(manager, big, small, workspace=10)] == [45, 20]
    assert sorted(row.nbytes for row in manager.report()) == [20, 45]
    use(manager, big, small, workspace=10)
    assert [module.nbytes for module in use(manager, big, small, workspace=35)] == [30, 15]
    assert [entry for entry in loader.log if "b-200" in entry] == ["load b-200-30"] * 3
    with pytest.raises(LeaseError, match=r"need 105 bytes \(b-200-30 denoiser 30, s-20-15 denoiser 15, workspace 60\)"):
        use(manager, big, small, workspace=60)


def test_what_streams_is_lent_to_one_at_a_time_and_never_moved_to_the_host() -> None:
    manager, loader = make(80, host=500)
    big = handle("b-200-30")
    order: list[str] = []

    def want() -> None:
        use(manager, big)
        order.append("second")

    other = threading.Thread(target=want)
    with manager.lease(big):
        other.start()
        wait_until(lambda: len(manager._queue) == 1)
        order.append("first")
    other.join(SECONDS)
    assert order == ["first", "second"]
    use(manager, A)
    assert {row.name for row in manager.report()} == {"a-40"}
    assert not any(entry.startswith("down") for entry in loader.log)


def test_what_can_never_fit_is_told_with_bytes() -> None:
    manager, loader = make(100)
    with pytest.raises(
        LeaseError, match=r"need 130 bytes \(a-40 denoiser 40, c-50 denoiser 50, workspace 40\).*100\.$"
    ):
        use(manager, A, C, workspace=40)
    assert loader.log == []
    use(manager, A, C, workspace=10)


def test_a_lease_is_never_nested() -> None:
    manager, _ = make(100)
    with manager.lease(A), pytest.raises(LeaseError, match="already holds a lease"), manager.lease(B):
        pass
    use(manager, A, B)


def test_workspaces_push_out_idle_weights() -> None:
    manager, _ = make(100)
    use(manager, A)
    use(manager, B, workspace=50)
    assert not manager.resident(A)


def test_a_lease_waits_for_room_and_the_first_come_is_served_first() -> None:
    manager, _ = make(100)
    order: list[str] = []

    def want(*handles: ModelHandle) -> None:
        use(manager, *handles)
        order.append(handles[0].source.name)

    big = threading.Thread(target=want, args=(C, A))
    small = threading.Thread(target=want, args=(A,))
    with manager.lease(B, workspace=20, holder="the loop") as _:
        big.start()
        wait_until(lambda: len(manager._queue) == 1)
        small.start()
        wait_until(lambda: len(manager._queue) == 2)
        assert order == []
        assert [row.holders for row in manager.report()] == [("the loop",)]
    big.join(SECONDS)
    small.join(SECONDS)
    assert order == ["c-50", "a-40"]


def test_one_of_several_loads_and_the_rest_wait_while_others_go_on() -> None:
    manager, loader = make(100)
    go = threading.Event()
    loader.hold = lambda h: None if h.key == B.key else wait_until(go.is_set)
    threads = [threading.Thread(target=use, args=(manager, A)) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(len(row.holders) for row in manager.report()) == 4)
    use(manager, B)
    go.set()
    for thread in threads:
        thread.join(SECONDS)
    assert loader.log == ["load b-40", "load a-40"]
    assert all(row.holders == () for row in manager.report())


def test_a_failed_load_leaves_nothing_behind() -> None:
    manager, loader = make(100)

    def fail(h: ModelHandle) -> None:
        raise OSError("the disk is gone")

    loader.hold = fail
    with pytest.raises(OSError, match="disk"):
        use(manager, A, B)
    assert manager.report() == ()
    loader.hold = lambda h: None
    use(manager, A, C)


def test_free_drops_what_is_not_lent() -> None:
    manager, _ = make(100)
    use(manager, B)
    with manager.lease(A):
        assert manager.free() == 40
        assert [row.name for row in manager.report()] == ["a-40"]
    assert manager.free() == 40
    assert manager.report() == ()


def test_the_time_of_a_swap_is_measured() -> None:
    manager, loader = make(100)
    assert manager.swap_seconds(A) == 0
    loader.hold = lambda h: time.sleep(0.02)
    use(manager, A)
    assert manager.swap_seconds(A) >= 0.02
    assert manager.report()[0].seconds == manager.swap_seconds(A)


@given(st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1, max_size=3), st.integers(0, 30)), max_size=25))
@settings(max_examples=60)
def test_budgets_hold_after_every_lease(leases: list[tuple[set[int], int]]) -> None:
    sizes = [10, 20, 25, 30, 35, 40]
    handles = [handle(f"m{i}-{size}") for i, size in enumerate(sizes)]
    manager, _ = make(120, host=50)
    for chosen, workspace in leases:
        try:
            with manager.lease(*(handles[i] for i in chosen), workspace=workspace):
                rows = manager.report()
                assert sum(r.nbytes for r in rows if r.place == "device") + workspace <= 120
                assert sum(r.nbytes for r in rows if r.place == "host") <= 50
        except LeaseError:
            assert sum(sizes[i] for i in chosen) + workspace > 120


def test_many_threads_share_a_small_device() -> None:
    manager, _ = make(100)
    overfull: list[int] = []

    def work(seed: int) -> None:
        for i in range(20):
            with manager.lease(*((A, B, C)[(seed + i) % 3 :][:2]), workspace=5):
                held = sum(row.nbytes for row in manager.report() if row.place == "device")
                if held > 100:
                    overfull.append(held)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert overfull == []


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 3), min_size=1, max_size=2), st.integers(0, 2)), min_size=1, max_size=12),
    st.integers(2, 4),
)
@settings(max_examples=25, deadline=None)
def test_threads_with_their_own_patches_all_come_to_their_turn(
    leases: list[tuple[set[int], int]], threads: int
) -> None:
    """Whoever holds weights sees its own patches from the first to the last, and nobody waits for ever."""
    manager, _ = make(75)
    models = [handle(name) for name in ("a-40", "b-30", "c-50-20", "d-200-10")]
    wrong: list[str] = []

    def work(offset: int) -> None:
        for chosen, patches in leases[offset:] + leases[:offset]:
            wanted = [
                models[i].patched(*[Patch(FileRef("loras", "x", str(patches + offset)), 1.0)] * patches) for i in chosen
            ]
            with manager.lease(*wanted) as modules:
                for _ in range(3):
                    wrong.extend(h.source.name for h, m in zip(wanted, modules, strict=True) if m.handle.key != h.key)
                    time.sleep(0)

    running = [threading.Thread(target=work, args=(i,), daemon=True) for i in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(30)
    assert not any(thread.is_alive() for thread in running)
    assert wrong == []
    assert all(row.holders == () for row in manager.report())


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)
