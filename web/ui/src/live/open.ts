/** From what was made back to the canvas: a job's workflow, a picture's, a picture as an input. */

import { nameOf, viewUrl } from "~/api/files";
import { getJson } from "~/api/http";
import { jobWorkflow, object, type Place } from "~/api/schema";
import { canvasApi } from "~/canvas/api";
import { newTab, openFile } from "~/files/actions";
import { toDoc } from "~/formats/file";
import { useUi } from "~/stores/ui";
import { loadPicture } from "./drop";
import { complain } from "./run";

/** The workflow of a job in a tab of its own, with what it made. */
export async function openJob(id: string): Promise<void> {
  try {
    const { source, graph } = await getJson(`/jobs/${encodeURIComponent(id)}/workflow`, jobWorkflow);
    const file = object.safeParse(source);
    newTab(toDoc(file.success ? file.data : graph).doc, null, { job: id });
  } catch (error) {
    complain(error);
  }
}

/** The workflow that a picture carries, in a tab of its own. */
export async function openPicture(place: Place): Promise<void> {
  try {
    const response = await fetch(viewUrl(place));
    const data = await response.blob();
    await openFile(new File([data], place.filename, { type: data.type }));
  } catch (error) {
    complain(error);
  }
}

/** A node that loads the picture, where the pointer was last on the canvas. */
export function takeAsInput(place: Place): void {
  loadPicture(place, canvasApi.cursor());
  useUi.getState().toast("success", { key: "live:gallery.added", args: { name: nameOf(place) } });
}
