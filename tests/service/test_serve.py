"""The server as a process: how it starts, what it says when it cannot, how it ends."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web import kit
from tests.web.kit import Server, node, wait_for

Fresh = Callable[..., Server]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and permissions of POSIX")


def refused(data: Path, *args: str) -> str:
    """What a server says that does not start: one sentence or two, no traceback, and an exit code of 1."""
    done = subprocess.run(kit.command(data, *args), capture_output=True, text=True, timeout=kit.PATIENCE)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr.strip()


def test_it_says_where_it_listens_and_answers(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
        assert b"<title>Inkwater</title>" in server.get("/")
        assert server.ended(server.submit(kit.shown(5)))["outputs"]["2"]["text"] == ["5"]


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        told = refused(tmp_path / "data", "--port", str(port))
    assert told.startswith(f"Port {port} is taken")
    assert f"--port {port + 1}" in told
    assert "\n" not in told


def test_an_address_that_is_not_ours_is_one_sentence(tmp_path: Path) -> None:
    told = refused(tmp_path / "data", "--listen", "203.0.113.7", "--no-auth")
    assert told.startswith("This machine has no address 203.0.113.7")


def test_a_second_server_on_the_same_data_names_the_first(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        told = refused(tmp_path / "data")
        assert server.url in told
        assert str(server.pid) in told
        assert "\n" not in told
        assert server.ended(server.submit(kit.shown(1)))


def test_a_second_server_on_the_same_port_and_data_names_the_first(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        port = server.url.rpartition(":")[2]
        assert server.url in refused(tmp_path / "data", "--port", port)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_data_is_one_sentence(tmp_path: Path) -> None:
    data = kit.prepare(tmp_path / "data")
    data.chmod(0o500)
    try:
        assert "cannot be written to" in refused(data)
    finally:
        data.chmod(0o700)


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    done = subprocess.run(kit.command(tmp_path / "data"), capture_output=True, text=True, timeout=kit.PATIENCE)
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_database_is_told_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with kit.server(data) as server:
        server.ended(server.submit(kit.shown(1)))
        server.stop()
    database = data / "state.sqlite"
    content = bytearray(database.read_bytes())
    content[4096:8192] = os.urandom(4096)
    database.write_bytes(content)
    told = refused(data)
    assert "damaged" in told
    assert "state.sqlite" in told
    assert database.read_bytes() == bytes(content)


def test_a_pack_that_fails_is_told_and_the_rest_runs(tmp_path: Path) -> None:
    data = kit.prepare(tmp_path / "data")
    (data / "packs" / "broken.py").write_text("import nothing_of_this_name\n")
    with kit.server(data) as server:
        wait_for(lambda: any(line.startswith("Pack broken.py is left out") for line in server.lines), "the message")
        assert server.ended(server.submit(kit.shown(1)))


def test_a_pack_that_prints_breaks_nothing(served: Server) -> None:
    graph = {"1": node("KitPrint", number=7)}
    assert served.ended(served.submit(graph))["outputs"]["1"]["text"] == ["7"]


@posix
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_at_the_end_the_running_step_ends_or_is_given_back(tmp_path: Path, sent: signal.Signals) -> None:
    data = tmp_path / "data"
    with kit.server(data, "--at-once", "2") as server:
        counted = node("KitCount", file=str(tmp_path / "n"), seconds=0.2, after=str(tmp_path / "go"))
        short = server.submit({"1": counted, "2": _save("1", "short")})
        stuck = server.submit({"1": node("KitStuck", seconds=10 * kit.PATIENCE), "2": _save("1", "stuck")})
        last = server.submit(kit.saved(3))
        wait_for(lambda: _begun(server, short) and _begun(server, stuck), "two steps to run")
        server.process.send_signal(sent)
        wait_for(lambda: any("Ending" in line for line in server.lines), "the signal to be heard")
        (tmp_path / "go").touch()
        assert server.process.wait(kit.PATIENCE) == 0  # long before the stuck step would end
    assert (tmp_path / "n").read_text() == "0\n"  # the step that could end has ended
    with kit.server(data, "--at-once", "1") as server:
        waiting = server.get("/queue")
        ids = [item[1] for item in sorted(waiting["queue_running"] + waiting["queue_pending"])]
        assert stuck in ids
        assert last in ids
        assert not any("was interrupted" in line for line in server.lines)
        server.post("/queue", {"delete": [stuck]})
        server.post("/interrupt", {"prompt_id": stuck})
        assert server.ended(last)
        assert server.ended(short)["status"]["status_str"] == "success"
        server.kill()  # nobody waits for the stuck step again
    assert (tmp_path / "n").read_text() == "0\n"


def _begun(server: Server, job: str) -> bool:
    """Whether a step of it has begun."""
    return b'"StepStarted"' in server.get(f"/api/v1/events?after=0&follow=0&job={job}")


def _save(node_id: str, prefix: str) -> dict[str, object]:
    return node("KitSave", number=(node_id, 0), prefix=prefix)


@posix
def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        server.submit({"1": node("KitStuck", seconds=600.0), "2": node("KitShow", number=("1", 0))})
        wait_for(lambda: server.get("/queue")["queue_running"], "the job to run")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: any("Ending" in line for line in server.lines), "the first signal to be heard")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(kit.PATIENCE) != 0


def test_temp_is_emptied_and_history_stays_readable(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with kit.server(data) as server:
        id = server.submit(kit.shown(1))
        server.ended(id)
        (data / "temp").mkdir(exist_ok=True)
        (data / "temp" / "old.png").write_bytes(b"x")
    with kit.server(data) as server:
        assert server.history(id)["status"]["completed"]
        wait_for(lambda: not (data / "temp" / "old.png").exists(), "temp to be emptied")


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data") as server:
        (old,) = wait_for(server.workers, "a worker")
        os.kill(old, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        wait_for(lambda: [pid for pid in server.workers() if pid != old], "a new worker")
        assert server.ended(server.submit(kit.shown(2)))["status"]["completed"]


def test_other_folders_are_used_by_server_and_worker(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data", "--output-directory", str(tmp_path / "elsewhere")) as server:
        server.ended(server.submit(kit.saved(9)))
        assert [p.read_text() for p in (tmp_path / "elsewhere").glob("*.txt")] == ["9\n"]
        assert server.get("/view?filename=kit_00001_.txt&type=output") == b"9\n"


def test_the_front_end_root_is_served_and_nothing_beside_it(tmp_path: Path) -> None:
    root = tmp_path / "front"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<p>mine")
    (root / "assets" / "a.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    with kit.server(tmp_path / "data", "--front-end-root", str(root)) as server:
        assert server.get("/") == b"<p>mine"
        assert server.get("/assets/a.js") == b"1"
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/none.js"):
            with pytest.raises(kit.HttpError) as error:
                server.get(path)
            assert error.value.status in (400, 403, 404)


def test_others_need_the_token_that_is_printed(tmp_path: Path) -> None:
    with kit.server(tmp_path / "data", "--listen", "0.0.0.0") as server:
        line = next(line for line in server.lines if line.startswith("Inkwater listens on"))
        token = line.strip().partition("?token=")[2]
        assert len(token) > 20
        with pytest.raises(kit.HttpError) as error:
            server.get("/queue")
        assert error.value.status == 401
        assert server.get("/queue", Authorization=f"Bearer {token}")["queue_pending"] == []


@posix
@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="needs a small file system of its own")
def test_a_full_disk_refuses_new_jobs_and_keeps_what_is_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        with kit.server(disk / "data") as server:
            kept = server.submit(kit.shown(1))
            server.ended(kept)
            filler = disk / "filler"
            with pytest.raises(OSError, match="space"):
                filler.write_bytes(b"x" * (16 << 20))
            note = random.Random(1).randbytes(1_000_000).hex()  # it cannot be packed into the room that is left
            big = kit.shown(2) | {"text": node("KitShow", number=1, note=note)}
            with pytest.raises(kit.HttpError) as error:
                server.submit(big)
            assert error.value.status == 507
            assert server.history(kept)["status"]["completed"]
            filler.unlink()
            assert server.ended(server.submit(kit.shown(3)))["status"]["completed"]
            assert server.stop() == 0
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True)
