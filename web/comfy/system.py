"""What ComfyUI's clients ask of the server itself."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

import psutil
from aiohttp import web

from engine.service.errors import ServiceBusy
from engine.service.service import Service
from engine.worker.channel import Channel, ChannelError
from web.answers import answer
from web.files.packs import scripts
from web.keys import SERVICE

COMFYUI = "0.3.64"
"""The version whose interface this is."""
PATIENCE = 0.4
"""Seconds to wait for the worker's figures: clients take a server for dead that does not answer within a second."""


def features(service: Service) -> dict[str, Any]:
    """What this server can do that not all can."""
    return {
        "supports_preview_metadata": True,
        "supports_progress_delta": True,
        "max_upload_size": service.settings.max_upload,
    }


async def told_features(request: web.Request) -> web.Response:
    """GET /features"""
    return answer(features(request.app[SERVICE]))


async def system_stats(request: web.Request) -> web.Response:
    """GET /system_stats: answered while the worker starts, too."""
    service = request.app[SERVICE]
    memory = psutil.virtual_memory()
    about = next((c.about for c in service.channels if c.about), {})
    system = {
        "os": os.name,
        "ram_total": memory.total,
        "ram_free": memory.available,
        "comfyui_version": COMFYUI,
        "required_frontend_version": None,
        "installed_templates_version": None,
        "required_templates_version": None,
        "python_version": sys.version,
        "pytorch_version": about.get("torch", ""),
        "embedded_python": False,
        "argv": ["main.py"],
    }
    report = await _report(service)
    devices = [_device(i, channel, report, memory) for i, channel in enumerate(service.channels)]
    return answer({"system": system, "devices": devices})


async def _report(service: Service) -> Mapping[str, Any]:
    try:
        async with asyncio.timeout(PATIENCE):
            found: Mapping[str, Any] = await service.ask("report")
            return found
    except (TimeoutError, ServiceBusy, ChannelError):
        return {}


def _device(index: int, channel: Channel, report: Mapping[str, Any], memory: Any) -> dict[str, Any]:
    """One device; where nothing is known of its own memory, the machine's."""
    kind = str(channel.about.get("type") or channel.name.partition(":")[0])
    total = int(report.get("device_bytes") or 0)
    free = max(total - int(report.get("device_used") or 0), 0) if total else memory.available
    total = total or memory.total
    return {
        "name": str(channel.about.get("title") or channel.name),
        "type": kind,
        "index": None if kind == "cpu" else index,
        "vram_total": total,
        "vram_free": free,
        "torch_vram_total": total,
        "torch_vram_free": free,
    }


async def extensions(request: web.Request) -> web.Response:
    """GET /extensions: the scripts that packs add to the editor."""
    return answer(await asyncio.to_thread(scripts, request.app[SERVICE].loaded))


async def nothing(request: web.Request) -> web.Response:
    """What packs here do not bring: translations, templates, subgraphs for all."""
    return answer({})


async def log_text(request: web.Request) -> web.Response:
    """GET /internal/logs: the log stays on the server, where it may name paths."""
    return answer("")


async def log_entries(request: web.Request) -> web.Response:
    """GET /internal/logs/raw"""
    return answer({"entries": [], "size": {"cols": 80, "rows": 24}})


async def subscribe_logs(request: web.Request) -> web.Response:
    """PATCH /internal/logs/subscribe: taken, and never anything sent."""
    return web.Response()


async def folder_paths(request: web.Request) -> web.Response:
    """GET /internal/folder_paths: the names of the folders of each kind."""
    folders = request.app[SERVICE].library.folders
    return answer({kind: [root.name for root in roots] for kind, roots in folders.items()})


ROUTES = [
    web.get("/features", told_features),
    web.get("/system_stats", system_stats),
    web.get("/extensions", extensions),
    web.get("/i18n", nothing),
    web.get("/workflow_templates", nothing),
    web.get("/global_subgraphs", nothing),
    web.get("/internal/logs", log_text),
    web.get("/internal/logs/raw", log_entries),
    web.patch("/internal/logs/subscribe", subscribe_logs),
    web.get("/internal/folder_paths", folder_paths),
]
