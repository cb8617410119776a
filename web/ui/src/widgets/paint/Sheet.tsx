import { useTranslation } from "react-i18next";
import { Select } from "~/ui/Select";
import css from "./Paint.module.css";

/** What a sketch begins on. */
export interface SheetChoice {
  /** Over the input's picture. */
  readonly over: boolean;
  readonly width: number;
  readonly height: number;
  /** A colour of CSS; null is clear. */
  readonly paper: string | null;
}

const SIZES = ["512×512", "768×768", "1024×1024", "768×512", "512×768", "1216×832", "832×1216", "1344×768"] as const;

interface SheetProps {
  readonly choice: SheetChoice;
  /** There is a picture to draw over. */
  readonly picture: boolean;
  /** Something is drawn: another sheet would lose it. */
  readonly touched: boolean;
  change(choice: SheetChoice): void;
}

/** The sheet of a sketch: the picture, or paper of a size and colour. */
export function Sheet({ choice, picture, touched, change }: SheetProps) {
  const { t } = useTranslation("widgets");
  const size = `${choice.width}×${choice.height}`;
  const sized = (text: string) => {
    const [width = 512, height = 512] = text.split("×").map(Number);
    change({ ...choice, width, height });
  };
  return (
    <div className={css["options"]}>
      {picture && (
        <Select
          label={t("paint.sheet.on")}
          value={choice.over ? "picture" : "paper"}
          disabled={touched}
          options={[
            { value: "picture", label: t("paint.sheet.picture") },
            { value: "paper", label: t("paint.sheet.paper") },
          ]}
          change={(on) => change({ ...choice, over: on === "picture" })}
        />
      )}
      {!choice.over && (
        <>
          <Select
            label={t("paint.sheet.size")}
            value={size}
            disabled={touched}
            options={SIZES.map((one) => ({ value: one as string, label: one }))}
            change={sized}
          />
          <Select
            label={t("paint.sheet.color")}
            value={choice.paper ?? "clear"}
            options={[
              { value: "#ffffff", label: t("paint.sheet.white") },
              { value: "#000000", label: t("paint.sheet.black") },
              { value: "#808080", label: t("paint.sheet.grey") },
              { value: "clear", label: t("paint.sheet.clear") },
            ]}
            change={(paper) => change({ ...choice, paper: paper === "clear" ? null : paper })}
          />
        </>
      )}
      {touched && <p className={css["hint"]}>{t("paint.sheet.fixed")}</p>}
    </div>
  );
}
