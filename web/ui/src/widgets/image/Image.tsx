import { ImageUp } from "lucide-react";
import { type ClipboardEvent, type DragEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { carried, carries, inputName } from "~/api/files";
import { useUi } from "~/stores/ui";
import { tip } from "~/ui/Tooltip";
import { cx } from "~/ui/cx";
import { Combo } from "../combo/Combo";
import { rowParts } from "../frame/Row";
import type { WidgetProps } from "../registry";
import { textOf } from "../text/Text";
import { Picture } from "./Picture";
import { pictureIn } from "./upload";
import { useUpload } from "./useUpload";
import css from "./Image.module.css";

/** A picture of the input folder: chosen from the list, uploaded, dropped or pasted, and painted on. */
export function ImageWidget(props: WidgetProps) {
  const { def, value, disabled, label, change } = props;
  const { t } = useTranslation("widgets");
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const { share, send, cancel } = useUpload(change);
  const chosen = textOf(value ?? def.default);

  const take = (data: DataTransfer, event: DragEvent | ClipboardEvent) => {
    const place = carried(data);
    const file = pictureIn(data);
    if (!place && !file && !data.files.length) return;
    // The canvas would open it as a workflow.
    event.preventDefault();
    event.stopPropagation();
    if (place) change(inputName(place));
    else if (file) void send(file);
    else useUi.getState().toast("error", { key: "widgets:image.noPicture" });
  };
  const drag = (event: DragEvent) => {
    if (disabled || !(event.dataTransfer.types.includes("Files") || carries(event.dataTransfer))) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    setOver(true);
  };

  return (
    // oxlint-disable-next-line jsx-a11y/no-static-element-interactions -- what is dropped can be chosen by its button too
    <div
      className={cx("nodrag nopan", css["image"], over && css["over"])}
      data-drop="picture"
      onDragOver={drag}
      onDragLeave={(event) => event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!disabled) take(event.dataTransfer, event);
      }}
      onPaste={(event) => !disabled && take(event.clipboardData, event)}
    >
      <div className={css["row"]}>
        <Combo {...props} />
        <button
          type="button"
          {...tip(t("image.upload"))}
          aria-label={t("image.uploadTo", { label })}
          disabled={disabled}
          className={cx(rowParts.small, css["upload"])}
          onClick={() => picker.current?.click()}
        >
          <ImageUp size={14} />
        </button>
        <input
          ref={picker}
          type="file"
          accept="image/*"
          hidden
          aria-label={t("image.uploadTo", { label })}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) void send(file);
            event.target.value = "";
          }}
        />
      </div>
      <Picture {...props} chosen={chosen} share={share} cancel={cancel} pick={() => picker.current?.click()} />
    </div>
  );
}
