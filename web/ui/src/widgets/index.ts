/** What this part plugs into the frame. */
import { registerCommands } from "~/commands/registry";

registerCommands([]);
