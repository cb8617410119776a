/** What this part plugs into the frame. The packs' own parts come with `loadPacks`. */

import { registerCommands } from "~/commands/registry";
import { registerDialogs } from "~/shell/slots";
import { useUi } from "~/stores/ui";
import { PacksDialog } from "./PacksDialog";

export { loadPacks } from "./load";

registerDialogs([{ name: "packs", component: PacksDialog }]);
registerCommands([{ id: "packs.show", title: "packs:command.show", run: () => useUi.getState().show("packs") }]);
