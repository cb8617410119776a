from __future__ import annotations

import pytest
import torch

from engine.models import precision
from engine.models.memory import host_bytes
from engine.models.precision import default_bytes, policy


def dtypes(rule: precision.Policy) -> tuple[torch.dtype, torch.dtype, torch.dtype]:
    return rule.dtype("denoiser"), rule.dtype("text"), rule.dtype("vae")


@pytest.mark.parametrize("fast", [True, False])
def test_a_cpu_uses_bf16_only_where_it_multiplies_it(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(precision, "fast_bf16", lambda: fast)
    rule = policy("cpu")
    full = (torch.float32,) * 3
    assert dtypes(rule) == ((torch.bfloat16, torch.float32, torch.bfloat16) if fast else full)
    assert rule.channels_last is fast
    assert dtypes(policy("cpu", "full")) == full


@pytest.mark.parametrize("probe", ["_is_amx_tile_supported", "_is_avx512_bf16_supported"])
def test_either_instruction_set_is_enough(monkeypatch: pytest.MonkeyPatch, probe: str) -> None:
    for name in ("_is_amx_tile_supported", "_is_avx512_bf16_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name == probe, raising=False)
    assert precision.fast_bf16()


def test_accelerators_use_half_precision() -> None:
    half = (torch.float16,) * 3
    assert dtypes(policy(torch.device("cuda"))) == half
    assert policy(torch.device("cuda")).channels_last
    assert dtypes(policy(torch.device("mps"))) == (torch.float16, torch.float16, torch.float32)
    assert not policy(torch.device("mps")).channels_last
    assert dtypes(policy(torch.device("cuda"), "bf16")) == (torch.bfloat16,) * 3
    assert not policy(torch.device("cuda"), "full").channels_last


def test_the_salt_tells_policies_apart() -> None:
    rules = [policy("cpu", "full"), policy("cpu", "fp16"), policy("cpu", "bf16"), policy(torch.device("cuda"))]
    assert len({rule.salt for rule in rules}) == 4
    assert policy("cpu", "full").salt == "cpu float32/float32/float32 contiguous"


def test_budgets_leave_room() -> None:
    device, host = default_bytes(torch.device("cpu"))
    assert 0 < device < host_bytes()
    assert host == 0
