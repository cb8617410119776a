import type { Json } from "~/core/types";
import { Row, rowParts } from "../frame/Row";
import { undoKeys } from "../frame/undoKeys";
import { useMirror } from "../frame/useMirror";
import type { WidgetProps } from "../registry";

/** A value as text: what is no text is shown as JSON, so that nothing of a file is hidden. */
export const textOf = (value: Json | undefined): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

/** One line of text. */
export function Text({ def, value, disabled, label, describedBy, bare, change }: WidgetProps) {
  const [text, type] = useMirror(textOf(value ?? def.default), change);
  return (
    <Row label={label} bare={bare} disabled={disabled}>
      <input
        type="text"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-describedby={describedBy}
        disabled={disabled}
        value={text}
        className={rowParts.field}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (undoKeys(event) || event.nativeEvent.isComposing) return;
          if (event.key === "Escape" || (event.key === "Enter" && !event.ctrlKey && !event.metaKey)) {
            event.stopPropagation();
            event.currentTarget.blur();
          }
        }}
      />
    </Row>
  );
}
