import { Component, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "~/ui/Button";
import css from "./Part.module.css";

interface PartProps {
  /** What the reader knows it as. */
  readonly name: string;
  /** A small part (a bar) tells its failure in one button. */
  readonly small?: boolean;
  readonly children: ReactNode;
}

interface PartState {
  readonly error: Error | null;
}

/** A part of the frame: when it fails it says so in its own place, and the others go on. */
export class Part extends Component<PartProps, PartState> {
  override state: PartState = { error: null };

  static getDerivedStateFromError(error: unknown): PartState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    const again = () => this.setState({ error: null });
    return <Broken name={this.props.name} small={this.props.small ?? false} error={error} again={again} />;
  }
}

interface BrokenProps {
  readonly name: string;
  readonly small: boolean;
  readonly error: Error;
  again(): void;
}

function Broken({ name, small, error, again }: BrokenProps) {
  const { t } = useTranslation("app");
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(`${name}: ${error.stack ?? error.message}`);
    setCopied(true);
  };
  if (small)
    return (
      <Button small kind="danger" onClick={again} data-tip={error.message}>
        {t("broken.title", { part: name })}
      </Button>
    );
  return (
    <div role="alert" className={css["broken"]}>
      <p className={css["title"]}>{t("broken.title", { part: name })}</p>
      <p>{t("broken.text")}</p>
      <p className={css["message"]}>{error.message}</p>
      <div className={css["buttons"]}>
        <Button small kind="primary" onClick={again}>
          {t("broken.again")}
        </Button>
        <Button small onClick={() => void copy()}>
          {t(copied ? "broken.copied" : "broken.copy")}
        </Button>
      </div>
    </div>
  );
}
