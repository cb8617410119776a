import { useConnection } from "@xyflow/react";
import { useTranslation } from "react-i18next";
import styles from "./Refusal.module.css";
import { refusal } from "./linking";

/** Beside the pointer, while a link hangs over a socket that does not take it: why. */
export function Refusal() {
  const { t } = useTranslation("graph");
  const connection = useConnection();
  const { fromHandle, toHandle, isValid, pointer } = connection;
  if (isValid !== false || !fromHandle || !toHandle || !pointer) return null;
  const [out, into] = fromHandle.type === "source" ? [fromHandle, toHandle] : [toHandle, fromHandle];
  const why =
    fromHandle.type === toHandle.type
      ? { key: `canvas:refusal.${toHandle.type === "source" ? "outputs" : "inputs"}` }
      : refusal({
          source: out.nodeId,
          sourceHandle: out.id ?? null,
          target: into.nodeId,
          targetHandle: into.id ?? null,
        });
  if (!why) return null;
  return (
    <output className={styles["why"]} style={{ left: pointer.x + 16, top: pointer.y + 12 }}>
      {t(why.key, why.args ?? {})}
    </output>
  );
}
