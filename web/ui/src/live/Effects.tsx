/** What goes on as long as the editor is open, and draws nothing. */

import { useEffect } from "react";
import type { ServerEvent } from "~/api/schema";
import { useServer } from "~/stores/server";
import { tellEnd, tellWarning, watchRun } from "./announce";
import { jobOver, watchChanges } from "./auto";
import { recheck, watchDocument } from "./check";
import { watchDrops } from "./drop";
import { hear, listen } from "./feed";
import { changesQueue, queueSoon } from "./queue";
import { refresh } from "./refresh";
import { advance } from "./run";
import { useLive } from "./state";

function heard(event: ServerEvent): void {
  if (changesQueue(event)) queueSoon();
  if (event.kind === "Worker") useServer.setState({ worker: event.state === "ready" });
  if (event.kind === "JobStarted") advance(event.job, "started");
  if (event.kind === "Warned") tellWarning(event);
  if (event.kind === "JobFinished") {
    advance(event.job, "over");
    tellEnd(event);
    jobOver(event.job, event.status);
    useLive.setState((s) => ({ ended: s.ended + 1 }));
    recheck();
  }
}

/** When the server is there, or there again: what it can do may be another thing than before. */
async function greet(): Promise<void> {
  queueSoon();
  try {
    await refresh();
    recheck();
  } catch {
    // The banner tells; the socket's next try comes back here.
  }
}

export function Effects() {
  useEffect(() => {
    const stops = [
      hear(heard),
      useServer.subscribe((now, before) => {
        if (now.connection === "open" && before.connection !== "open") void greet();
      }),
      watchDocument(),
      watchChanges(),
      watchRun(),
      watchDrops(),
      listen(),
    ];
    return () => {
      for (const stop of stops.toReversed()) stop();
    };
  }, []);
  return null;
}
