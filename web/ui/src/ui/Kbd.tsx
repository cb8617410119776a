import { keyParts } from "~/commands/keys";
import css from "./Kbd.module.css";

/** Keys as caps: "Mod+Shift+E" as this machine names them. */
export function Kbd({ keys }: { readonly keys: string }) {
  return (
    <span className={css["keys"]}>
      {keyParts(keys).map((part) => (
        <kbd key={part} className={css["key"]}>
          {part}
        </kbd>
      ))}
    </span>
  );
}
