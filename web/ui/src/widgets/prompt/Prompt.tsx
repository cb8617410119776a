import { useMirror } from "../frame/useMirror";
import { undoKeys } from "../frame/undoKeys";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import css from "./Prompt.module.css";

/** Text of several lines. */
export function Prompt({ def, value, disabled, label, describedBy, change }: WidgetProps) {
  const [text, type] = useMirror(textOf(value ?? def.default), change);
  return (
    <div className={`nodrag nopan nowheel ${css["prompt"]}`}>
      <textarea
        aria-label={label}
        aria-describedby={describedBy}
        disabled={disabled}
        placeholder={label}
        spellCheck={false}
        value={text}
        className={css["text"]}
        onChange={(event) => type(event.target.value)}
        onKeyDown={undoKeys}
      />
    </div>
  );
}
