"""Files over HTTP, as ComfyUI's clients ask for them: pictures, uploads, the user's storage, settings."""

from __future__ import annotations

from aiohttp import web

from web.files import packs, preferences, upload, userdata, view
from web.tables import both

ROUTES = both(
    [
        web.get("/view", view.view),
        web.get("/view_metadata/{folder}", view.view_metadata),
        web.get("/internal/files/{kind}", view.internal_files),
        web.post("/upload/image", upload.upload_image),
        web.post("/upload/mask", upload.upload_mask),
        web.get("/userdata", userdata.listed),
        web.get("/v2/userdata", userdata.listed_v2),
        web.get("/userdata/{file}", userdata.read),
        web.post("/userdata/{file}", userdata.store),
        web.delete("/userdata/{file}", userdata.remove),
        web.post("/userdata/{file}/move/{dest}", userdata.move),
        web.get("/settings", preferences.every),
        web.post("/settings", preferences.change),
        web.get("/settings/{id}", preferences.one),
        web.post("/settings/{id}", preferences.change_one),
        web.get("/users", preferences.users),
        web.post("/users", preferences.add_user),
        web.get("/user.css", userdata.style),
        web.get("/extensions/{pack}/{path:.+}", packs.static),
    ]
)
