/** The keys of a field for a number. */

import type { KeyboardEvent } from "react";
import { undoKeys } from "../frame/undoKeys";

type Pressed = KeyboardEvent<HTMLInputElement>;

/** Enter takes what is typed, Escape goes back to what was; `steps` is asked first and says whether a key is its own. */
export const fieldKeys =
  (field: { enter(): void; revert(): void }, steps: (event: Pressed) => boolean) =>
  (event: Pressed): void => {
    if (event.nativeEvent.isComposing || undoKeys(event)) return;
    if (!steps(event)) {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) field.enter();
      else if (event.key === "Escape") {
        field.revert();
        event.currentTarget.blur();
      } else return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
