import { useTranslation } from "react-i18next";
import type { Run, Token } from "./schema";
import { Segments } from "./Segments";
import { promptOf } from "./load";
import { tokensOf, useRecording, watchedBranches } from "./store";
import css from "./Words.module.css";

/** "fox</w>" and "▁fox" as they are read. */
export const plainWord = (text: string): string =>
  text
    .replace(/<\/w>$/, "")
    .replace(/^▁/, "")
    .trim() || "·";

/** The prompt's words as buttons: the one that is pressed is shown in the picture. */
export function Words({ run }: { readonly run: Run }) {
  const { t } = useTranslation("recording");
  const branch = useRecording((s) => s.branch);
  const token = useRecording((s) => s.token);
  const branches = watchedBranches(run);
  const tokens = tokensOf(run, branch);
  const option = (value: string) => ({ value, label: branchName(value) });
  const branchName = (name: string) => {
    const { branch: of, number } = promptOf(name);
    const label = t(`branch.of.${of}`, { defaultValue: of });
    return number > 1 ? `${label} ${number}` : label;
  };
  return (
    <div className={css["words"]}>
      {branches.length > 1 && (
        <Segments
          bare
          label={t("words.prompt")}
          value={branch}
          options={branches.map(option)}
          change={(next) => useRecording.setState({ branch: next, token: null, spot: null })}
        />
      )}
      <fieldset className={css["list"]}>
        <legend className="visually-hidden">{t("words.label")}</legend>
        <Word label={t("words.all")} pressed={token === null} token={null} />
        {tokens.map((one) => (
          <Word key={one.index} label={plainWord(one.text)} pressed={token === one.index} token={one} />
        ))}
      </fieldset>
    </div>
  );
}

interface WordProps {
  readonly label: string;
  readonly pressed: boolean;
  readonly token: Token | null;
}

const Word = ({ label, pressed, token }: WordProps) => (
  <button
    type="button"
    className={css["word"]}
    aria-pressed={pressed}
    onClick={() => useRecording.setState({ token: token?.index ?? null })}
  >
    {label}
  </button>
);
