"""What handlers find in the application."""

from __future__ import annotations

from aiohttp import web

from engine.service.service import Service

SERVICE = web.AppKey("service", Service)
