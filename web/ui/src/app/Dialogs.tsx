import { dialogs } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { Part } from "./Part";

/** The dialog that is open. Each draws itself in a `Dialog` of the kit. */
export function Dialogs() {
  const dialog = useUi((s) => s.dialog);
  const close = useUi((s) => s.close);
  const slot = dialogs.find((known) => known.name === dialog?.name);
  if (!dialog || !slot) return null;
  const { component: Shown, name } = slot;
  return (
    <Part key={name} name={name}>
      <Shown args={dialog.args} close={close} />
    </Part>
  );
}
