"""The command line of the server: its own options, and ComfyUI's."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import cli
from engine.service.settings import ServerSettings
from web.cli import chosen
from web.flags import FLAGS


def settings(*line: str) -> ServerSettings:
    return chosen(cli._parsed(cli._with_command(list(line))))


def test_without_a_command_it_serves(tmp_path: Path) -> None:
    assert settings("--data", str(tmp_path)) == settings("serve", "--data", str(tmp_path))
    assert cli._with_command([]) == ["serve"]
    assert cli._with_command(["--help"]) == ["--help"]
    assert cli._with_command(["run", "x.json"]) == ["run", "x.json"]


def test_the_defaults_are_safe() -> None:
    found = settings()
    assert (found.listen, found.port, found.auth, found.share) == ("127.0.0.1", 8188, True, "never")


def test_the_device_may_be_told_how_much_memory_it_has() -> None:
    assert settings().device_bytes == 0
    assert settings("--device-memory", "1.5").device_bytes == 1_500_000_000


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "inf"])
def test_a_memory_that_is_none_is_told(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        settings("--device-memory", text)
    assert "is no size" in capsys.readouterr().err


def test_how_tools_start_comfyui(tmp_path: Path) -> None:
    """The line that `comfy launch`, StabilityMatrix and Krita's plugin use, together."""
    yaml = tmp_path / "paths.yaml"
    found = settings(
        *("--listen", "127.0.0.1", "--port", "8189", "--cpu", "--preview-method", "auto", "--preview-size", "256"),
        *("--output-directory", str(tmp_path / "o"), "--input-directory", str(tmp_path / "i")),
        *("--temp-directory", str(tmp_path / "t"), "--user-directory", str(tmp_path / "u")),
        *("--extra-model-paths-config", str(yaml), "--cache-lru", "10", "--disable-metadata", "--lowvram"),
        *("--front-end-root", str(tmp_path), "--max-upload-size", "7.5", "--disable-all-custom-nodes"),
    )
    assert found.port == 8189
    assert found.device == "cpu"
    assert (found.preview_method, found.preview_size) == ("auto", 256)
    assert dict(found.folders) == {"output": tmp_path / "o", "input": tmp_path / "i", "temp": tmp_path / "t" / "temp"}
    assert found.user_folder == tmp_path / "u"
    assert found.models == (yaml,)
    assert not found.metadata
    assert found.front_end_root == tmp_path
    assert found.max_upload == 7.5 * (1 << 20)


def test_listen_without_an_address_is_everywhere() -> None:
    assert settings("--listen").listen == "0.0.0.0,::"


def test_what_means_nothing_here_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert settings("--highvram", "--enable-cors-header", "*", "--fast", "fp16_accumulation") == settings()
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(" is ignored: ")[0] for line in told] == ["--highvram", "--enable-cors-header", "--fast"]
    assert "safety" in told[1]


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.name)
def test_every_flag_means_something_or_says_why_not(flag: object) -> None:
    assert bool(flag.means) != bool(flag.ignored)  # type: ignore[attr-defined]


def test_no_flag_is_there_twice() -> None:
    names = [flag.name for flag in FLAGS]
    assert len(set(names)) == len(names)


def test_an_unknown_option_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings("--output-dir", "x")
    assert ended.value.code == 2
    assert "unrecognized arguments: --output-dir x (did you mean --output-directory?)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [("--preview-method", "magic"), ("--max-upload-size", "much"), ("--cuda-device", "one")], ids=lambda v: v[0]
)
def test_a_value_that_is_none_is_one_sentence(line: tuple[str, ...]) -> None:
    with pytest.raises(cli.Sentence, match=f"{line[0]} {line[1]}: "):
        settings(*line)
