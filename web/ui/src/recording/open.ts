/** Ways to the panel. */

import { useUi } from "~/stores/ui";
import { useRecording } from "./store";

export const PANEL = "recording";

/** Show the recording of a job; without one that of the run which the front tab shows. */
export function openRecording(job: string | null): void {
  useRecording.setState({ chosen: job, playing: false });
  const { panels, toggle } = useUi.getState();
  if (panels.right !== PANEL) toggle("right", PANEL);
}
