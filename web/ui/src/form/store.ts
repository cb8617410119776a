/** Whether the form is shown in place of the canvas, and whether it is being changed. */

import { create } from "zustand";
import { useUi } from "~/stores/ui";

export const useForm = create<{ readonly on: boolean; readonly editing: boolean }>()(() => ({
  on: false,
  editing: false,
}));

/** Show the form or the nodes. What is selected on the canvas is let go: no key may change what nobody sees. */
export function showForm(on: boolean): void {
  if (on) useUi.getState().select([]);
  useForm.setState({ on, editing: false });
}

export const setEditing = (editing: boolean): void => useForm.setState({ editing });
