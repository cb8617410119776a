"""What handlers find in the application."""

from __future__ import annotations

from aiohttp import web

from engine.service.service import Service
from web.editor.served import Editor

SERVICE = web.AppKey("service", Service)
EDITOR = web.AppKey("editor", Editor)
