import { useTranslation } from "react-i18next";
import { hasWidget } from "~/core/document";
import { ROW } from "~/core/geometry";
import { inputHelp, inputLabel, outputHelp, outputLabel } from "~/i18n/nodes";
import { tip } from "~/ui/Tooltip";
import { InputTrouble } from "./InputTrouble";
import styles from "./NodeSockets.module.css";
import { Socket, socketName } from "./Socket";
import type { NodeData } from "./flow";
import { socketLook } from "./sockets";

interface Props {
  readonly id: string;
  readonly full: string;
  readonly data: NodeData;
  readonly readOnly: boolean;
}

const has = (joined: string, one: string | number) => joined.split(" ").includes(String(one));

/** The sockets of a node with their labels, and what is wrong at its inputs. */
export function NodeSockets({ id, full, data, readOnly }: Props) {
  const { node, type, shape, used, fed } = data;
  const { t } = useTranslation("canvas");
  const collapsed = node.collapsed === true;
  const trouble = (name: string) => `trouble-${id}-${name}`;
  return (
    <>
      {shape.inputs.map(({ name, at }) => {
        const input = type.inputs[name];
        const typed = input !== undefined && hasWidget(input);
        const label = inputLabel(type, name);
        const linked = name in node.links || has(fed, name);
        const wire = input?.type ?? "*";
        return (
          <div key={`in ${name}`}>
            <Socket
              node={id}
              socket={name}
              type={wire}
              name={socketName(t, "input", label, wire, linked)}
              y={at[1]}
              linked={linked}
              quiet={typed || collapsed}
              readOnly={readOnly}
              describedBy={trouble(name)}
            />
            {!typed && !collapsed && (
              <span
                className={styles["in"]}
                data-optional={input?.required === false}
                style={{ top: at[1] - ROW / 2 }}
                {...tip(inputHelp(type, name))}
              >
                {label}
              </span>
            )}
            <InputTrouble id={trouble(name)} full={full} input={name} y={at[1]} />
          </div>
        );
      })}
      {shape.outputs.map(({ at }, index) => {
        const output = type.outputs[index]?.type ?? "*";
        const label = outputLabel(type, index);
        return (
          <div key={`out ${index}`}>
            {!collapsed && (
              <span className={styles["out"]} style={{ top: at[1] - ROW / 2 }} {...tip(outputHelp(type, index))}>
                {label}
                {label.toUpperCase() !== output && <small>{socketLook(output).short}</small>}
              </span>
            )}
            <Socket
              node={id}
              socket={index}
              type={output}
              name={socketName(t, "output", label, output, has(used, index))}
              y={at[1]}
              linked={has(used, index)}
              quiet={collapsed}
              readOnly={readOnly}
              hint={t("inspect:tip")}
            />
          </div>
        );
      })}
    </>
  );
}
