"""The shapes that several operations answer with, by name: the document's components."""

from __future__ import annotations

from collections.abc import Mapping

from web.api.schema import (
    ANY,
    ANY_OBJECT,
    FLOAT,
    TEXT,
    TEXTS,
    WHOLE,
    YES_NO,
    Schema,
    list_of,
    map_of,
    maybe,
    obj,
    one_of,
    ref,
    text,
    told,
)

STATES = ("queued", "held", "running", "success", "error", "cancelled", "parked")
ENDED = ("success", "error", "cancelled")

MEND = obj({"kind": TEXT, "args": ANY_OBJECT})

PROBLEM = obj(
    {
        "code": told(TEXT, "What is wrong, for programs; ComfyUI's word where it has one."),
        "severity": one_of("error", "warning"),
        "node": maybe(TEXT),
        "input": maybe(TEXT),
        "args": ANY_OBJECT,
        "message": told(TEXT, "What is wrong and what to do, in one sentence."),
        "mend": told(maybe(MEND), "A change that would mend it."),
    }
)

ERROR = obj(
    {
        "error": obj(
            {
                "code": TEXT,
                "message": told(TEXT, "One sentence for people."),
                "problems": list_of(ref("Problem")),
                "field": told(TEXT, "Of a request that does not fit: which field."),
                "expected": TEXT,
                "found": TEXT,
            },
            "field",
            "expected",
            "found",
        )
    }
)

PROGRESS = obj({"done": WHOLE, "total": told(WHOLE, "0: unknown.")})

JOB = obj(
    {
        "id": TEXT,
        "number": told(FLOAT, "Its place in the queue: lower is earlier."),
        "state": one_of(*STATES),
        "client": TEXT,
        "title": TEXT,
        "created": told(FLOAT, "Seconds since 1970."),
        "started": maybe(FLOAT),
        "ended": maybe(FLOAT),
        "interruptions": told(WHOLE, "How often a death of the server or worker ended it."),
        "error": told(maybe(ANY_OBJECT), "Why it failed: code, message, node, node_type; telling."),
        "problems": told(list_of(ANY_OBJECT), "Of what was left out when it was submitted."),
        "warnings": told(list_of(ANY_OBJECT), "What was amiss and failed nothing: code, message, telling."),
        "progress": told(map_of(ref("Progress")), "Of each running step, by node."),
        "recorded": told(YES_NO, "Something of it is recorded: GET /jobs/{id}/recording."),
    }
)

JOBS = obj({"jobs": list_of(ref("Job")), "next": maybe(TEXT)})

FILE = obj(
    {
        "node": TEXT,
        "field": told(TEXT, "The field of `shown` that it is listed in: images, latents."),
        "filename": TEXT,
        "subfolder": TEXT,
        "type": one_of("input", "output", "temp"),
        "url": told(TEXT, "Where it is, relative to the server."),
    }
)

RESULTS = obj(
    {
        "job": TEXT,
        "state": one_of(*STATES),
        "files": list_of(ref("File")),
        "shown": told(map_of(ANY_OBJECT), "What each node shows, by node: texts, files, numbers."),
    }
)

QUEUE = obj(
    {
        "paused": YES_NO,
        "counts": told(map_of(WHOLE), "Jobs by state."),
        "running": list_of(ref("Job")),
        "queued": told(list_of(ref("Job")), "The first in the queue, in order."),
    }
)

WHY = obj({"code": TEXT, "args": ANY_OBJECT, "text": TEXT})

RANGE = obj(
    {
        "low": FLOAT,
        "typical": FLOAT,
        "high": FLOAT,
        "runs": told(WHOLE, "How many runs this is learnt from."),
    }
)

STEP = obj(
    {
        "node": TEXT,
        "type": TEXT,
        "title": TEXT,
        "after": told(TEXTS, "The steps whose results it takes."),
        "cached": told(maybe(YES_NO), "Whether its result is there already; null: not known."),
        "why": told(maybe(WHY), "Why it runs, or that it is a hit; null: not known."),
        "seconds": told(maybe(RANGE), "How long it is likely to take; null: not known, this type has not run yet."),
        "facts": told(list_of(ANY_OBJECT), "What is known of each output before the run."),
    }
)

TIME = obj(
    {
        "low": told(FLOAT, "Seconds; what is not known counts as 0."),
        "typical": FLOAT,
        "high": FLOAT,
        "unknown": told(TEXTS, "Node types that have not run here yet."),
    }
)

MODEL_BYTES = obj({"name": TEXT, "part": TEXT, "family": TEXT, "bytes": WHOLE})

MEMORY = obj(
    {
        "weights": told(list_of(MODEL_BYTES), "Parts of models that the plan uses."),
        "weight_bytes": told(WHOLE, "Of all of them, in the precision of the worker as far as known, else as stored."),
        "at_once": told(WHOLE, "The most that one step needs together: its weights and its workspace."),
        "workspace": told(WHOLE, "The most that one step needs beside weights; an estimate."),
        "values": told(WHOLE, "Bytes of the results between steps, as far as sizes are known."),
        "budget": told(maybe(WHOLE), "What the worker allows for weights; null: not known yet."),
        "least": told(WHOLE, "The fewest bytes with which that step works, its weights read anew at each use."),
        "fits": told(maybe(YES_NO), "Whether `least` fits the budget; null: not known."),
    }
)

CHECKED = obj(
    {
        "runs": told(YES_NO, "Whether all that was asked for can run."),
        "problems": list_of(ref("Problem")),
        "targets": told(TEXTS, "The targets that can run."),
        "steps": told(list_of(ref("Step")), "What would be done, in order."),
        "explained": told(text(), "known, starting (the worker does not answer yet), or why not."),
        "forecast": obj({"time": ref("Time"), "memory": ref("Memory")}),
    }
)

SOCKET = told(
    ANY_OBJECT,
    "type, required, help, default, min, max, step, round, options, file, widget (name and options), lazy, list.",
)

NODE_TYPE = obj(
    {
        "label": TEXT,
        "category": TEXT,
        "kind": one_of("pure", "sink", "volatile"),
        "help": TEXT,
        "inputs": map_of(SOCKET),
        "outputs": map_of(ANY_OBJECT),
        "module": TEXT,
    }
)

MODEL = obj(
    {
        "kind": TEXT,
        "name": TEXT,
        "size": told(WHOLE, "Bytes."),
        "modified": told(FLOAT, "Seconds since 1970."),
        "family": told(maybe(TEXT), "null: of no known family, or of a kind that is not looked into."),
        "title": told(maybe(TEXT), "The family in words."),
        "parts": told(map_of(WHOLE), "Bytes by part: denoiser, text, vae."),
        "prediction": maybe(TEXT),
        "unusable": told(maybe(TEXT), "Why the file is of no use."),
        "preview": told(maybe(TEXT), "Where a small version of the picture beside the file is; null: there is none."),
        "sha256": told(maybe(TEXT), "null: not asked for, or not worked out yet."),
        "hashing": told(YES_NO, "Whether the hash is being worked out; ask again."),
    }
)

PICTURE = obj(
    {
        "name": TEXT,
        "filename": TEXT,
        "subfolder": TEXT,
        "type": one_of("input", "output", "temp"),
        "size": told(WHOLE, "Bytes."),
        "modified": told(FLOAT, "Seconds since 1970."),
        "url": TEXT,
        "thumbnail": told(maybe(TEXT), "Where a small picture of it is; null: it is no picture."),
    }
)

EVENT = told(
    {
        "type": "object",
        "properties": {
            "kind": TEXT,
            "seq": told(WHOLE, "Its number in the log; absent on what is of the moment."),
            "time": FLOAT,
            "job": TEXT,
        },
        "required": ["kind"],
        "additionalProperties": True,
    },
    "One event: kind and its fields. Durable ones have seq and time; Progress, Preview, Queue, Worker, Paused do not.",
)

TEMPLATE = obj(
    {
        "name": TEXT,
        "lesson": told(maybe(WHOLE), "The number of a lesson; null for other workflows."),
        "title": TEXT,
        "description": TEXT,
        "nodes": WHOLE,
        "models": told(
            list_of(obj({"kind": TEXT, "name": TEXT, "missing": YES_NO})), "The models and input files that it names."
        ),
        "thumbnail": told(maybe(TEXT), "Where a small picture of what it makes is, relative to the server."),
    }
)

DONE = obj({"done": told(YES_NO, "False: there was nothing to do.")})

TELLING = told(
    obj({"sentence": TEXT, "values": ANY_OBJECT}),
    "A sentence with gaps such as {name} and what stands in them (texts, numbers, sentences, problems, lists): "
    "what a message is made of, so that it can be told in another language.",
)

COMPONENTS: Mapping[str, Schema] = {
    "Problem": PROBLEM,
    "Telling": TELLING,
    "Error": ERROR,
    "Progress": PROGRESS,
    "Job": JOB,
    "Jobs": JOBS,
    "File": FILE,
    "Results": RESULTS,
    "Queue": QUEUE,
    "Step": STEP,
    "Time": TIME,
    "Memory": MEMORY,
    "Checked": CHECKED,
    "NodeType": NODE_TYPE,
    "Model": MODEL,
    "Picture": PICTURE,
    "Event": EVENT,
    "Template": TEMPLATE,
    "Done": DONE,
    "Any": ANY,
}
