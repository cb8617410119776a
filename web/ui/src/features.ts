/** The parts of the editor; each registers its commands, panels, dialogs and widgets when it is imported. */
import "~/shell";
import "~/canvas";
import "~/widgets";
import "~/live";
import "~/recording";
import "~/files";
import "~/outline";
import "~/form";
import "~/packs";
import "~/inspect";
